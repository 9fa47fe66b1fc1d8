// The part of the Project object that keeps policies: when backups are made by themselves, and how long they stay.

import { BackupObject } from './backup-object.ts';
import type * as C from './contract.ts';
import * as policies from './policies.ts';

type Caller = C.Caller;

export class PolicyObject extends BackupObject implements C.PolicyRpc {
  async associatePolicy(caller: Caller, vaultId: string, policyId: string) {
    return this.change(caller, (control) => policies.associate(control, vaultId, policyId));
  }
  async dissociatePolicy(caller: Caller, vaultId: string, policyId: string) {
    return this.change(caller, (control) => policies.dissociate(control, vaultId, policyId));
  }
  async createPolicy(caller: Caller, input: C.PolicyInput) {
    return this.change(caller, (control) => policies.createPolicy(control, caller, input));
  }
  async listPolicies(caller: Caller, query: { operationType?: string; vaultId?: string }) {
    return this.read(caller, (control) => policies.listPolicies(control, query));
  }
  async getPolicy(caller: Caller, id: string) {
    return this.read(caller, (control) => policies.getPolicy(control, id));
  }
  async updatePolicy(caller: Caller, id: string, input: C.PolicyInput) {
    return this.change(caller, (control) => policies.updatePolicy(control, id, input));
  }
  async deletePolicy(caller: Caller, id: string) {
    return this.change(caller, (control) => policies.deletePolicy(control, id));
  }
}
