// The part of the Project object that keeps vaults: what they protect, their runs, and the log of what was done.

import * as checkpoints from './checkpoints.ts';
import type * as C from './contract.ts';
import { PolicyObject } from './policy-object.ts';
import * as tasks from './tasks.ts';
import * as vaults from './vaults.ts';

type Caller = C.Caller;

export class ProtectionObject extends PolicyObject implements C.ProtectionRpc {
  async createVault(caller: Caller, input: C.CreateVault) {
    return this.change(caller, (control) => vaults.createVault(control, caller, input));
  }
  async listVaults(caller: Caller, query: C.VaultQuery) {
    return this.read(caller, (control) => vaults.listVaults(control, query));
  }
  async getVault(caller: Caller, id: string) {
    return this.read(caller, (control) => vaults.getVault(control, id));
  }
  async updateVault(caller: Caller, id: string, input: C.VaultSettings) {
    return this.change(caller, (control) => vaults.updateVault(control, id, input));
  }
  async deleteVault(caller: Caller, id: string) {
    return this.change(caller, (control) => vaults.deleteVault(control, id));
  }
  async addVaultResources(caller: Caller, id: string, resources: readonly C.ResourceRef[]) {
    return this.change(caller, (control) => vaults.addVaultResources(control, id, resources));
  }
  async removeVaultResources(caller: Caller, id: string, resourceIds: readonly string[]) {
    return this.change(caller, (control) => vaults.removeVaultResources(control, id, resourceIds));
  }
  async createCheckpoint(caller: Caller, input: C.CreateCheckpoint) {
    return this.change(caller, (control) => checkpoints.createCheckpoint(control, caller, input));
  }
  async getCheckpoint(caller: Caller, id: string) {
    return this.read(caller, (control) => checkpoints.getCheckpoint(control, id));
  }
  async listTasks(caller: Caller, query: C.TaskQuery) {
    return this.read(caller, (control) => tasks.listTasks(control, query));
  }
  async getTask(caller: Caller, id: string) {
    return this.read(caller, (control) => tasks.getTask(control, id));
  }
}
