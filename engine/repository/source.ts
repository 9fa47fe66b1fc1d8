// The objects of a vault as an ObjectSource: refs in, frames out, in few large reads of object storage.

import type { Frame, ObjectSource, Obs } from '../ports.ts';
import { release } from '../release.ts';
import type { ObjectRef } from '../types.ts';
import { type Location, REFS_PER_CALL_MAX } from './ports.ts';

/** Objects that lie this near to each other are read together: a request costs more than the bytes between. */
const GAP_BYTES_MAX = 65_536;
const READ_BYTES_MAX = 8 * 2 ** 20;
/** The platform allows six connections at a time; two are left for others of the same invocation. */
const READS_AT_ONCE = 4;
/** A pack may be repacked and deleted between the look-up and the read; a third time is no coincidence. */
const LOOKUPS_MAX = 3;

export type Locate = (refs: readonly ObjectRef[]) => Promise<(Location | null)[]>;

interface Wanted {
  readonly index: number;
  readonly location: Location;
}

/** Frames are as stored, unverified: the caller's Objects checks them. */
export class ObsObjectSource implements ObjectSource {
  readonly #obs: Obs;
  readonly #locate: Locate;

  constructor(obs: Obs, locate: Locate) {
    this.#obs = obs;
    this.#locate = locate;
  }

  /**
   * Frames in the order of `refs` (any number; memory is the caller's concern: up to 64 KiB each); null where the vault
   * has none, or object storage has lost the pack. Throws when either cannot be reached.
   */
  async fetch(refs: readonly ObjectRef[]): Promise<(Frame | null)[]> {
    const frames: (Frame | null)[] = new Array(refs.length).fill(null);
    let open = refs.map((_, i) => i);
    for (let round = 0; round < LOOKUPS_MAX && open.length > 0; round++) {
      const found = await this.#locateAll(open.map((i) => refs[i]!));
      const wanted = open.flatMap((index, j) => (found[j] ? [{ index, location: found[j] }] : []));
      open = await this.#readAll(coalesce(wanted), frames);
    }
    return frames;
  }

  async #locateAll(refs: readonly ObjectRef[]): Promise<(Location | null)[]> {
    const out: (Location | null)[] = [];
    for (let at = 0; at < refs.length; at += REFS_PER_CALL_MAX) {
      out.push(...(await this.#locate(refs.slice(at, at + REFS_PER_CALL_MAX))));
    }
    return out;
  }

  /** Reads the groups, a few at a time. Returns the indexes whose pack was not there. */
  async #readAll(groups: readonly Wanted[][], frames: (Frame | null)[]): Promise<number[]> {
    const gone: number[] = [];
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < groups.length) {
        const group = groups[next++]!;
        if (!(await this.#readGroup(group, frames))) gone.push(...group.map((w) => w.index));
      }
    };
    await Promise.all(Array.from({ length: Math.min(READS_AT_ONCE, groups.length) }, worker));
    return gone;
  }

  async #readGroup(group: readonly Wanted[], frames: (Frame | null)[]): Promise<boolean> {
    const { key, offset: start } = group[0]!.location;
    const end = Math.max(...group.map(({ location }) => location.offset + location.length));
    const bytes = await this.#readRange(key, start, end - start);
    if (bytes === null) return false;
    for (const { index, location } of group) {
      const at = location.offset - start;
      // A copy: a view would keep up to 8 MiB alive for one object that is remembered.
      const frame = { encoding: location.encoding, bytes: bytes.slice(at, at + location.length) };
      frames[index] = frame.bytes.length === location.length ? frame : null;
    }
    release(bytes);
    return true;
  }

  /** What a pack that became shorter still has of a range: the objects before its end are good. */
  async #readRange(key: string, offset: number, length: number): Promise<Uint8Array | null> {
    try {
      return await this.#obs.getRange(key, offset, length);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const whole = await this.#obs.get(key);
      return whole === null ? null : whole.subarray(offset, offset + length);
    }
  }
}

/** Neighbours of one pack together, by offset. */
function coalesce(wanted: readonly Wanted[]): Wanted[][] {
  const sorted = [...wanted].sort((a, b) =>
    a.location.key === b.location.key
      ? a.location.offset - b.location.offset
      : a.location.key < b.location.key
        ? -1
        : 1,
  );
  const groups: Wanted[][] = [];
  let start = 0;
  let end = 0;
  for (const item of sorted) {
    const { key, offset, length } = item.location;
    const group = groups.at(-1);
    const near = group?.at(-1)?.location.key === key && offset - end <= GAP_BYTES_MAX;
    if (group && near && offset + length - start <= READ_BYTES_MAX) group.push(item);
    else {
      groups.push([item]);
      start = offset;
      end = 0;
    }
    end = Math.max(end, offset + length);
  }
  return groups;
}
