// Volumes on their way from one project to another.

import type { ListQuery } from './common.ts';
import type { Snapshot } from './snapshots.ts';
import type { Volume } from './volumes.ts';

export interface Transfer {
  readonly id: string;
  readonly name: string | null;
  readonly volumeId: string;
  readonly noSnapshots: boolean;
  readonly sourceProjectId: string;
  readonly destinationProjectId: string | null;
  readonly accepted: boolean;
  readonly createdMs: number;
}

export interface CreateTransfer {
  readonly volumeId: string;
  readonly name?: string | null | undefined;
  readonly noSnapshots?: boolean | undefined;
}

/** The key is shown once. */
export interface CreatedTransfer {
  readonly transfer: Transfer;
  readonly authKey: string;
}

export interface TransferQuery extends ListQuery {
  readonly name?: string | undefined;
  readonly volumeId?: string | undefined;
}

/** What the accepting project takes over. */
export interface TransferOffer {
  readonly transfer: Transfer;
  readonly volume: HandedVolume;
  readonly snapshots: readonly Snapshot[];
}

/** `wasSystem`: it is or was a server's system disk. */
export type HandedVolume = Volume & { readonly wasSystem: boolean };

/** What an accepting project has the giving one do, as a job. */
export interface HandOver {
  readonly transferId: string;
  readonly toProjectId: string;
}
