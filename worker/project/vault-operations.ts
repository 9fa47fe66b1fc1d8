// Operations on vaults: prune, check, copy.

import { Refusal } from '../faults.ts';
import type { CheckVault, CopyVault, Operation, PruneVault } from './contract.ts';
import type { Actor, Control } from './control.ts';
import { beginCopies } from './copies.ts';
import { onVault } from './jobs.ts';
import { beginOperation } from './operations.ts';
import { available } from './vault-records.ts';

export function pruneVault(control: Control, id: string, input: PruneVault): Operation {
  const { thresholdPercent, dryRun } = input;
  if (!(thresholdPercent >= 0 && thresholdPercent <= 100)) {
    throw new Refusal('invalid-request', { reason: 'thresholdPercent is 0 to 100.' });
  }
  const vault = control.vault(id);
  return beginOperation(control, input, { kind: 'prune', vaultId: id }, () => ({
    target: onVault(available(vault).id, { kind: 'prune', thresholdPercent, dryRun }),
    afterJobId: vault.createJobId,
  }));
}

export function checkVault(control: Control, id: string, input: CheckVault): Operation {
  const vault = control.vault(id);
  return beginOperation(control, input, { kind: 'check', vaultId: id }, () => ({
    target: onVault(available(vault).id, { kind: 'check', mode: input.mode }),
    afterJobId: vault.createJobId,
  }));
}

/** The vault that the copies go to does the work: it asks the other one only where things are. */
export function copyVault(control: Control, actor: Actor, id: string, input: CopyVault): Operation {
  const vault = control.vault(id);
  const { toVaultId } = input;
  const toVault = control.vault(toVaultId);
  if (id === toVaultId) throw new Refusal('invalid-request', { reason: 'A vault cannot be copied to itself.' });
  return beginOperation(control, input, { kind: 'copy', vaultId: id, toVaultId }, (jobId) => {
    const copies = beginCopies(control, actor, jobId, available(vault), available(toVault), input.backupIds);
    return {
      target: onVault(toVaultId, { kind: 'copy', fromVaultId: id, copies }),
      afterJobId: toVault.createJobId ?? vault.createJobId,
    };
  });
}
