// The part of the Project object that shares backups with other projects, and uses what they share.

import type { Outcome } from '../faults.ts';
import type * as C from './contract.ts';
import { PolicyObject } from './policy-object.ts';
import * as sharing from './sharing.ts';

type Caller = C.Caller;

export class SharingObject extends PolicyObject implements C.SharingRpc {
  async shareBackup(caller: Caller, backupId: string, toProjectIds: readonly string[], form: C.ShareForm) {
    return this.change(caller, (control) => sharing.shareBackup(control, backupId, toProjectIds, form));
  }
  async listSharings(caller: Caller, query: C.SharingQuery) {
    return this.read(caller, (control) => sharing.listSharings(control, query));
  }
  async getSharing(caller: Caller, id: string) {
    return this.read(caller, (control) => sharing.getSharing(control, id));
  }
  async sharingsOf(caller: Caller, backupId: string) {
    return this.read(caller, (control) => sharing.sharingsOf(control, backupId));
  }
  async unshareBackup(caller: Caller, backupId: string, toProjectId: string) {
    return this.change(caller, (control) => sharing.unshareBackup(control, backupId, toProjectId));
  }
  async cancelSharing(caller: Caller, which: { id: string } | { backupId: string }) {
    return this.change(caller, (control) => sharing.cancelSharing(control, which));
  }
  async answerShare(caller: Caller, backupId: string, answer: C.ShareAnswer): Promise<Outcome<C.Sharing>> {
    const share = this.read(caller, (control) => sharing.received(control, backupId));
    if (!share.ok) return share;
    await this.stillShared(backupId);
    return this.change(caller, (control) => sharing.answerShare(control, backupId, answer));
  }
  async mayRead(sharingId: string, toProjectId: string): Promise<boolean> {
    const { control } = this;
    return control.store.created(control.projectId) && sharing.mayRead(control, sharingId, toProjectId);
  }
  async takeNews(news: C.ShareNews): Promise<void> {
    this.control.commit(() => sharing.takeNews(this.control, news));
  }
}
