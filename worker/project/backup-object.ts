// The part of the Project object that makes, shows and restores backups.

import { type Face, type Outcome, refuse } from '../faults.ts';
import * as backupRecords from './backup-records.ts';
import * as backups from './backups.ts';
import { mustBeAdmin } from './base.ts';
import type * as C from './contract.ts';
import type { Control } from './control.ts';
import * as backupCreation from './create-backups.ts';
import * as restores from './restores.ts';
import { forgetShare } from './sharing.ts';
import { receivedOf } from './sharing-records.ts';
import { TransferObject } from './transfer-object.ts';

type Caller = C.Caller;

export class BackupObject extends TransferObject implements C.BackupRpc {
  async createBackup(caller: Caller, input: C.CreateBackup) {
    const create = (control: Control) => backupCreation.createBackup(control, caller, input);
    return this.withCatalog(() => this.change(caller, create));
  }
  async listBackups(caller: Caller, query: C.BackupQuery) {
    return this.read(caller, (control) => backups.listBackups(control, caller, query));
  }
  async getBackup(caller: Caller, id: string) {
    return this.read(caller, (control) => backups.getBackup(control, caller, id));
  }
  async updateBackup(caller: Caller, id: string, input: C.UpdateDetails) {
    return this.change(caller, (control) => backups.updateBackup(control, caller, id, input));
  }
  async deleteBackup(caller: Caller, id: string, input: { face?: Face; force?: boolean } = {}) {
    return this.change(caller, (control) => {
      if (input.force === true) mustBeAdmin(caller);
      return backups.deleteBackup(control, caller, id, input);
    });
  }
  async resetBackupStatus(caller: Caller, id: string, status: string) {
    return this.adminChange(caller, (control) => backups.resetBackupStatus(control, caller, id, status));
  }
  async exportBackup(caller: Caller, id: string) {
    return this.read(caller, (control) => {
      mustBeAdmin(caller);
      return backupRecords.exportBackup(control, caller, id);
    });
  }
  async importBackup(caller: Caller, record: C.BackupExport): Promise<Outcome<C.Backup>> {
    const written = this.read(caller, () => {
      mustBeAdmin(caller);
      return backupRecords.readBackup(record);
    });
    if (!written.ok) return written;
    const { vault_id: vaultId, stored_as: storedAs } = written.value.service_metadata;
    if (!(await this.#vaultHas(vaultId, storedAs))) {
      return refuse('invalid-request', { reason: 'The vault of this backup record does not have it.' });
    }
    const take = (control: Control) => backupRecords.importBackup(control, caller, written.value);
    return this.withCatalog(() => this.change(caller, take));
  }
  async restoreBackup(caller: Caller, id: string, input: C.RestoreBackup) {
    await this.stillShared(id);
    const restore = (control: Control) => restores.restoreBackup(control, caller, id, input);
    return this.withCatalog(() => this.change(caller, restore));
  }

  /**
   * Before a backup is used: when another project shares it, that one is asked whether it still does. What it took back is
   * forgotten at once, also when its word has not arrived.
   */
  protected async stillShared(backupId: string | undefined): Promise<void> {
    const { control } = this;
    if (backupId === undefined || !control.store.created(control.projectId)) return;
    const share = receivedOf(control, backupId);
    if (share === null || (await this.projectNamed(share.fromProjectId).mayRead(share.id, control.projectId))) return;
    control.commit(() => {
      // Meanwhile it may have been offered anew, under another id.
      if (control.shares.get(share.id) !== null) forgetShare(control, share);
    });
  }

  /** Asks the vault for the first of a backup's blocks. */
  async #vaultHas(vaultId: string, backupId: string): Promise<boolean> {
    this.control.store.meter.counts.objectRequests++;
    const vault = this.env.VAULT.get(this.env.VAULT.idFromName(vaultId));
    const query = new URLSearchParams({ backup: backupId, cursor: '0', limit: '1' });
    const headers = { 'x-evs-project': this.control.projectId };
    return (await vault.fetch(`http://vault/blocks?${query}`, { headers })).ok;
  }
}
