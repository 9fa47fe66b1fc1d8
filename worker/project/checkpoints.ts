// A checkpoint: one run of a vault, with a backup of each disk that can be backed up now; the others are skipped, with
// the reason.

import { Refusal, renderFault } from '../faults.ts';
import type { Checkpoint, CheckpointResource, CreateCheckpoint, ScheduledRun } from './contract.ts';
import type { Actor, Control } from './control.ts';
import { createBackup, madeUpName } from './create-backups.ts';
import type { BackupRecord } from './records.ts';
import { skipTask } from './tasks.ts';
import { available, withRoom } from './vault-records.ts';

/** Backs up what a vault protects, or some of it. What cannot be backed up now is skipped, with the reason. */
export function createCheckpoint(
  control: Control,
  actor: Actor,
  input: CreateCheckpoint,
  scheduled?: ScheduledRun,
): Checkpoint {
  const vault = available(control.vault(input.vaultId));
  if (input.policyId !== undefined) control.policy(input.policyId);
  const automatic = input.automatic ?? false;
  const wanted =
    input.resourceIds ?? vault.resources.filter(({ suspended }) => !(automatic && suspended)).map(({ id }) => id);
  if (wanted.length === 0) throw new Refusal('vault-empty', { id: vault.id });
  // Nobody is there to be told no: a policy's run skips what has no room, and the log says so.
  if (!automatic) withRoom(control, vault);
  const id = crypto.randomUUID();
  const name = input.name ?? madeUpName(automatic ? 'autobk' : 'manualbk');
  const resources: CheckpointResource[] = [];
  const skipped: Checkpoint['skipped'][number][] = [];
  for (const [index, resourceId] of wanted.entries()) {
    const resource = vault.resources.find((one) => one.id === resourceId);
    if (resource === undefined) throw new Refusal('resource-not-in-vault', { id: resourceId, vaultId: vault.id });
    const suffix = wanted.length > 1 ? `-${String(index + 1).padStart(4, '0')}` : '';
    const what = { id: resource.id, type: resource.type, name: resource.name };
    try {
      const { backup } = createBackup(
        control,
        actor,
        {
          face: 'cbr',
          volumeId: resourceId,
          vaultId: vault.id,
          name: automatic ? madeUpName('autobk') : `${name}${suffix}`,
          description: input.description,
          full: input.incremental === false,
        },
        { checkpointId: id, automatic, ...(input.policyId === undefined ? {} : { policyId: input.policyId }) },
      );
      resources.push({ ...what, sizeGib: backup.sizeGib, backupId: backup.id });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { vendorCode: code, message: reason } = renderFault(error.fault, 'cbr');
      skipped.push({ ...what, code, reason });
      skipTask(control, {
        kind: 'backup',
        vaultId: vault.id,
        vaultName: vault.name,
        policyId: input.policyId ?? null,
        checkpointId: id,
        resourceId,
        resourceName: resource.name,
        errorCode: code,
        errorMessage: reason,
      });
    }
  }
  return control.checkpoints.put({
    id,
    vaultId: vault.id,
    vaultName: vault.name,
    name,
    description: input.description ?? null,
    status: resources.length > 0 ? 'protecting' : 'error',
    automatic,
    resources,
    skipped,
    projectId: control.projectId,
    createdMs: control.now(),
    ...(scheduled === undefined ? {} : { scheduled }),
  });
}

export function getCheckpoint(control: Control, id: string): Checkpoint {
  const checkpoint = control.checkpoints.get(id);
  if (checkpoint === null) throw new Refusal('checkpoint-not-found', { id });
  return checkpoint;
}

/** A backup has ended: when it was the checkpoint's last, so has that. */
export function endCheckpoint(control: Control, ended: BackupRecord): void {
  if (ended.checkpointId === null) return;
  const backups = control.backups.by('checkpointId', ended.checkpointId);
  if (backups.some((backup) => backup.status === 'creating')) return;
  const status = backups.some((backup) => backup.status === 'available') ? 'available' : 'error';
  control.checkpoints.patch(ended.checkpointId, { status });
}
