// The part of the Project object that begins operations and shows how they stand.

import { type Outcome, ok, Refusal } from '../faults.ts';
import { findVaults } from '../vault/discover.ts';
import type * as C from './contract.ts';
import type { Control } from './control.ts';
import { VAULTS_MAX } from './limits.ts';
import * as operations from './operations.ts';
import { ProtectionObject } from './protection-object.ts';
import * as vaultOperations from './vault-operations.ts';
import * as vaultRecovery from './vault-recovery.ts';
import * as volumeOperations from './volume-operations.ts';

type Caller = C.Caller;

export class OperationsObject extends ProtectionObject implements C.OperationRpc {
  async listOperations(caller: Caller, query: C.OperationQuery) {
    return this.read(caller, (control) => operations.listOperations(control, query));
  }
  async getOperation(caller: Caller, id: string) {
    return this.read(caller, (control) => operations.getOperation(control, id));
  }
  async pruneVault(caller: Caller, id: string, input: C.PruneVault) {
    return this.change(caller, (control) => vaultOperations.pruneVault(control, id, input));
  }
  async checkVault(caller: Caller, id: string, input: C.CheckVault) {
    return this.change(caller, (control) => vaultOperations.checkVault(control, id, input));
  }
  async copyVault(caller: Caller, id: string, input: C.CopyVault) {
    return this.change(caller, (control) => vaultOperations.copyVault(control, caller, id, input));
  }
  async rebuildVault(caller: Caller, id: string, input: C.OperationRequest) {
    return this.change(caller, (control) => vaultRecovery.rebuildVault(control, id, input));
  }
  async lose(caller: Caller): Promise<Outcome<null>> {
    const allowed = this.read(caller, (control) => {
      if (!control.simulation) throw new Refusal('not-simulation');
      return null;
    });
    if (allowed.ok) await this.loseAll();
    return allowed;
  }
  async recoverVaults(caller: Caller): Promise<Outcome<readonly C.Operation[]>> {
    const known = this.read(caller, (control) => new Set(control.vaults.all().map((vault) => vault.id)));
    if (!known.ok) return known;
    const { projectId, store } = this.control;
    const foundIds = await findVaults(this.env.OBS, projectId, known.value, VAULTS_MAX, store.meter);
    // Nothing that was found: nothing is written either.
    if (foundIds.length === 0) return ok([]);
    const recover = (control: Control) => vaultRecovery.recoverVaults(control, caller, foundIds);
    return this.withCatalog(() => this.change(caller, recover));
  }
  async scrubVolume(caller: Caller, id: string, input: C.OperationRequest) {
    return this.change(caller, (control) => volumeOperations.scrubVolume(control, id, input));
  }
  async healVolume(caller: Caller, id: string, input: C.OperationRequest) {
    return this.change(caller, (control) => volumeOperations.healVolume(control, id, input));
  }
}
