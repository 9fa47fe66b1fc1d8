// stub: signature only, being written
import type { Frame, ObjectSource, Obs } from '../ports.ts';
import type { ObjectRef } from '../types.ts';
import type { Location } from './ports.ts';

/** The objects of a vault, read from object storage in few large ranges. Frames are as stored: the caller verifies. */
export class ObsObjectSource implements ObjectSource {
  readonly obs: Obs;
  readonly locate: (refs: readonly ObjectRef[]) => Promise<(Location | null)[]>;

  constructor(obs: Obs, locate: (refs: readonly ObjectRef[]) => Promise<(Location | null)[]>) {
    this.obs = obs;
    this.locate = locate;
  }

  /** Frames in the order of `refs` (any number); null where the vault has no copy that can be read. */
  async fetch(_refs: readonly ObjectRef[]): Promise<(Frame | null)[]> {
    throw new Error('not written yet');
  }
}
