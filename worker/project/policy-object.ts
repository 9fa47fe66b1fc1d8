// The part of the Project object that keeps policies: when backups are made by themselves, and how long they stay.

import { BackupObject } from './backup-object.ts';
import type * as C from './contract.ts';
import type { Control } from './control.ts';
import * as policies from './policies.ts';
import { showPlan } from './retention.ts';
import * as vbsPolicies from './vbs-policies.ts';
import * as vbsResources from './vbs-resources.ts';

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
  async planRetention(caller: Caller, id: string, input: C.RetentionPlanInput) {
    return this.read(caller, (control) => showPlan(control, id, input));
  }

  async createVbsPolicy(caller: Caller, input: C.VbsPolicyInput) {
    return this.change(caller, (control) => vbsPolicies.createVbsPolicy(control, caller, input));
  }
  async listVbsPolicies(caller: Caller) {
    return this.read(caller, vbsPolicies.listVbsPolicies);
  }
  async getVbsPolicy(caller: Caller, id: string) {
    return this.read(caller, (control) => vbsPolicies.getVbsPolicy(control, id));
  }
  async updateVbsPolicy(caller: Caller, id: string, input: C.VbsPolicyInput) {
    return this.change(caller, (control) => vbsPolicies.updateVbsPolicy(control, id, input));
  }
  async deleteVbsPolicy(caller: Caller, id: string) {
    return this.change(caller, (control) => vbsPolicies.deleteVbsPolicy(control, id));
  }
  async executeVbsPolicy(caller: Caller, id: string) {
    const execute = (control: Control) => vbsPolicies.executeVbsPolicy(control, id);
    return this.withCatalog(() => this.change(caller, execute));
  }
  async addPolicyResources(
    caller: Caller,
    id: string,
    resources: readonly { readonly id: string; readonly type: string }[],
  ) {
    return this.change(caller, (control) => vbsResources.addPolicyResources(control, caller, id, resources));
  }
  async removePolicyResources(caller: Caller, id: string, volumeIds: readonly string[]) {
    return this.change(caller, (control) => vbsResources.removePolicyResources(control, id, volumeIds));
  }
  async listPolicyTasks(caller: Caller, id: string, query: C.PolicyTaskQuery) {
    return this.read(caller, (control) => vbsResources.listPolicyTasks(control, id, query));
  }
  async changePolicyTags(caller: Caller, id: string, change: C.TagAction) {
    return this.change(caller, (control) => vbsPolicies.changePolicyTags(control, id, change));
  }
}
