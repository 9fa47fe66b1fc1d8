// Operations on volumes: scrub, heal. Guests and all other jobs go on meanwhile, so the volume keeps its status.

import { Refusal } from '../faults.ts';
import type { Operation, OperationRequest, VolumeStatus } from './contract.ts';
import type { Control } from './control.ts';
import { onDisk } from './jobs.ts';
import { beginOperation } from './operations.ts';

/** There is no disk yet, or soon not any more, or it is about to be somebody else's. */
const UNREADY: readonly VolumeStatus[] = ['creating', 'deleting', 'awaiting-transfer'];

export function scrubVolume(control: Control, id: string, input: OperationRequest): Operation {
  return beginUpkeep(control, id, input, { kind: 'scrub' });
}

/** Heals from whichever vault of the project has what is missing. */
export function healVolume(control: Control, id: string, input: OperationRequest): Operation {
  const vaults = control.vaults.all().filter((vault) => vault.createJobId === null && vault.status !== 'deleting');
  return beginUpkeep(control, id, input, { kind: 'heal', vaultIds: vaults.map((vault) => vault.id) });
}

function beginUpkeep(
  control: Control,
  id: string,
  input: OperationRequest,
  job: { readonly kind: 'scrub' } | { readonly kind: 'heal'; readonly vaultIds: readonly string[] },
): Operation {
  const volume = control.volume(id);
  return beginOperation(control, input, { kind: job.kind, volumeId: id }, () => {
    if (UNREADY.includes(volume.status)) {
      throw new Refusal('conflict', { reason: `Volume ${id} is ${volume.status}: wait for its end, then try again.` });
    }
    return { target: onDisk(control, volume, job) };
  });
}
