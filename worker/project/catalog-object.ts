// The part of the Project object that only its catalog uses: see catalog.ts.

import type { Outcome } from '../faults.ts';
import { ProjectBase } from './base.ts';
import * as settings from './catalog.ts';
import type * as C from './contract.ts';

type Caller = C.Caller;

export class CatalogObject extends ProjectBase implements C.CatalogRpc {
  async catalog(): Promise<C.Catalog> {
    this.control.store.created(this.control.projectId);
    return settings.catalog(this.control);
  }
  async createVolumeType(caller: Caller, input: C.VolumeTypeInput) {
    return this.adminChange(caller, (control) => settings.createVolumeType(control, input));
  }
  async updateVolumeType(caller: Caller, id: string, input: C.VolumeTypeInput) {
    return this.adminChange(caller, (control) => settings.updateVolumeType(control, id, input));
  }
  async withdrawType(caller: Caller, id: string) {
    return this.adminChange(caller, (control) => settings.withdrawType(control, id));
  }
  async offerType(caller: Caller, id: string) {
    return this.adminChange(caller, (control) => settings.offerType(control, id));
  }
  async deleteVolumeType(caller: Caller, id: string) {
    return this.adminChange(caller, (control) => settings.deleteVolumeType(control, id));
  }
  async changeExtraSpecs(
    caller: Caller,
    typeId: string,
    change: { readonly set?: Readonly<Record<string, string>>; readonly remove?: string },
  ) {
    return this.adminChange(caller, (control) => settings.changeExtraSpecs(control, typeId, change));
  }
  async changeTypeAccess(caller: Caller, typeId: string, projectId: string, allowed: boolean) {
    return this.adminChange(caller, (control) => settings.changeTypeAccess(control, typeId, projectId, allowed));
  }
  async setTypeEncryption(
    caller: Caller,
    typeId: string,
    mode: 'create' | 'update' | 'delete',
    input: C.EncryptionInput,
  ) {
    return this.adminChange(caller, (control) => settings.setTypeEncryption(control, typeId, mode, input));
  }
  async listQosSpecs(caller: Caller): Promise<Outcome<readonly C.QosSpecs[]>> {
    return this.read(caller, (control) => control.qosSpecs.all());
  }
  async createQosSpecs(caller: Caller, input: Omit<C.QosSpecs, 'id'>) {
    return this.adminChange(caller, (control) => settings.createQosSpecs(control, input));
  }
  async changeQosSpecs(
    caller: Caller,
    id: string,
    change: { readonly set?: Readonly<Record<string, string>>; readonly remove?: readonly string[] },
  ) {
    return this.adminChange(caller, (control) => settings.changeQosSpecs(control, id, change));
  }
  async deleteQosSpecs(caller: Caller, id: string, force: boolean) {
    return this.adminChange(caller, (control) => settings.deleteQosSpecs(control, id, force));
  }
  async associateQosSpecs(caller: Caller, id: string, typeId: string | null, associated: boolean) {
    return this.adminChange(caller, (control) => settings.associateQosSpecs(control, id, typeId, associated));
  }
  async setQuotaDefaults(caller: Caller, limits: Readonly<Record<string, number>>) {
    return this.adminChange(caller, (control) => settings.setQuotaDefaults(control, limits));
  }

  async rememberTransfer(transferId: string, projectId: string): Promise<void> {
    this.control.commit(() => this.control.offers.put({ id: transferId, projectId }));
  }
  async transferProject(transferId: string): Promise<string | null> {
    this.control.store.created(this.control.projectId);
    return this.control.offers.get(transferId)?.projectId ?? null;
  }
  async forgetTransfer(transferId: string): Promise<void> {
    this.control.commit(() => this.control.offers.delete(transferId));
  }
}
