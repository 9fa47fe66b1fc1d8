// Rebuilding vaults whose rows are lost or doubted, and taking in vaults that this project does not know (any more).

import { Refusal } from '../faults.ts';
import { adoptBackups, withSettings } from './adopt.ts';
import type { Operation, OperationRequest } from './contract.ts';
import type { Actor, Control } from './control.ts';
import { type Ending, heldVault } from './held.ts';
import { onVault } from './jobs.ts';
import { beginOperation } from './operations.ts';
import type { JobRecord } from './records.ts';
import { emptyVault } from './vault-records.ts';

/** The vault takes no backups and gives none until its rows have been made anew from object storage. */
export function rebuildVault(control: Control, id: string, request: OperationRequest): Operation {
  const vault = control.vault(id);
  return beginOperation(control, request, { kind: 'rebuild', vaultId: id }, (jobId) => {
    if (vault.status !== 'available' && vault.status !== 'error') {
      throw new Refusal('vault-status', { id, status: vault.status });
    }
    control.vaults.put({ ...vault, status: 'frozen', jobId, updatedMs: control.now() });
    return { target: onVault(id, { kind: 'rebuild', onlyIfLost: false }), afterJobId: vault.createJobId };
  });
}

/** Begins an operation for each of these vaults that is not known here. They are the project's: their keys say so. */
export function recoverVaults(control: Control, actor: Actor, foundIds: readonly string[]): Operation[] {
  return foundIds
    .filter((id) => control.vaults.get(id) === null)
    .map((id) =>
      beginOperation(control, {}, { kind: 'recover', vaultId: id }, (jobId) => {
        const name = `recovered_${id.slice(0, 8)}`;
        control.vaults.put({ ...emptyVault(control, actor, name), id, status: 'frozen', jobId });
        return { target: onVault(id, { kind: 'rebuild', onlyIfLost: true }) };
      }),
    );
}

/** What both do with the outcome; `tell` writes the operation's own end down. */
export const recoveryEndings = (tell: Ending): { readonly rebuild: Ending; readonly recover: Ending } => ({
  rebuild: {
    ...tell,
    done(control, job, result) {
      const vault = heldVault(control, job);
      if (vault !== null) {
        control.vaults.put({ ...vault, status: 'available', jobId: null, updatedMs: control.now() });
        const kept = result.contents?.settings?.revision ?? 0;
        if (kept < (vault.settingsRevision ?? 1)) control.vaults.keepAgain(vault.id);
      }
      tell.done(control, job, { ...result, report: adopted(control, job, result) });
    },
    failed(control, job, failure) {
      const vault = heldVault(control, job);
      if (vault !== null) control.vaults.put({ ...vault, status: 'error', jobId: null, updatedMs: control.now() });
      tell.failed(control, job, failure);
    },
  },
  recover: {
    ...tell,
    done(control, job, result) {
      const vault = heldVault(control, job);
      if (vault !== null && result.contents !== undefined) {
        control.vaults.put(withSettings(control, vault, result.contents));
      }
      tell.done(control, job, { ...result, report: adopted(control, job, result) });
    },
    failed(control, job, failure) {
      // The next request for a recovery finds it again, if it is still there.
      const vault = heldVault(control, job);
      if (vault !== null) control.vaults.delete(vault.id);
      tell.failed(control, job, failure);
    },
  },
});

/** The operation's report with what the project took in. */
function adopted(control: Control, job: JobRecord, { report, contents }: Parameters<Ending['done']>[2]): unknown {
  if (contents === undefined || job.vaultId === undefined) return report;
  return { rebuilt: report ?? null, ...adoptBackups(control, job.vaultId, contents) };
}
