// The part of the Project object that keeps vaults: what they protect, their runs, and the log of what was done.

import * as checkpoints from './checkpoints.ts';
import type * as C from './contract.ts';
import type { Control } from './control.ts';
import { SharingObject } from './sharing-object.ts';
import * as tasks from './tasks.ts';
import { migrateVaultResources } from './vault-migration.ts';
import * as vaultResources from './vault-resources.ts';
import * as vaultTags from './vault-tags.ts';
import * as vaults from './vaults.ts';

type Caller = C.Caller;

export class ProtectionObject extends SharingObject implements C.ProtectionRpc {
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
  async updateVaults(caller: Caller, input: C.VaultSettings) {
    return this.change(caller, (control) => vaults.updateVaults(control, input));
  }
  async summarizeVaults(caller: Caller) {
    return this.read(caller, vaults.summarizeVaults);
  }
  async addVaultResources(caller: Caller, id: string, resources: readonly C.ResourceRef[]) {
    return this.change(caller, (control) => vaultResources.addVaultResources(control, id, resources));
  }
  async removeVaultResources(caller: Caller, id: string, resourceIds: readonly string[]) {
    return this.change(caller, (control) => vaultResources.removeVaultResources(control, id, resourceIds));
  }
  async migrateVaultResources(caller: Caller, id: string, toVaultId: string, resourceIds: readonly string[]) {
    const migrate = (control: Control) => migrateVaultResources(control, caller, id, toVaultId, resourceIds);
    return this.withCatalog(() => this.change(caller, migrate));
  }
  async suspendVaultResources(caller: Caller, id: string, resourceIds: readonly string[], suspended: boolean) {
    return this.change(caller, (control) => {
      return vaultResources.suspendVaultResources(control, id, resourceIds, suspended);
    });
  }
  async listProtectableDisks(caller: Caller, query: C.ProtectableQuery) {
    return this.read(caller, (control) => vaultResources.listProtectableDisks(control, query));
  }
  async changeVaultTags(caller: Caller, id: string, change: C.VaultTagChange) {
    return this.change(caller, (control) => vaultTags.changeVaultTags(control, id, change));
  }
  async vaultTags(caller: Caller) {
    return this.read(caller, vaultTags.vaultTags);
  }
  async findVaults(caller: Caller, query: C.VaultTagQuery) {
    return this.read(caller, (control) => vaultTags.findVaults(control, query));
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
