// Backup policies in the words of CBR: kept, changed, and associated with vaults.

import { Refusal } from '../faults.ts';
import type { Policy, PolicyInput } from './contract.ts';
import type { Actor, Control } from './control.ts';
import { byteLength } from './fields.ts';
import { POLICIES_MAX } from './limits.ts';
import { checkRules, retentionOf } from './policy-rules.ts';
import type { PolicyRecord } from './records.ts';
import { retainByNumber } from './retention.ts';
import { expectSweep } from './sweep-time.ts';
import { nextMs, reschedule, vaultIds } from './timetable.ts';
import { available } from './vault-records.ts';

/** A policy does nothing until it is associated with a vault. */
export function createPolicy(control: Control, actor: Actor, input: PolicyInput): Policy {
  const operationType = input.operationType ?? 'backup';
  if (operationType !== 'backup') throw new Refusal('not-implemented', { what: 'A replication policy' });
  if (cbrPolicies(control).length >= POLICIES_MAX) throw new Refusal('policy-limit', { limit: POLICIES_MAX });
  const nowMs = control.now();
  const patterns = input.patterns ?? [];
  checkRules(patterns, nowMs);
  const definition = input.definition ?? {};
  const policy = control.policies.put({
    id: crypto.randomUUID(),
    name: checkPolicyName(input.name ?? ''),
    enabled: input.enabled ?? true,
    operationType,
    definition,
    retention: retentionOf(definition),
    patterns,
    startMs: nowMs,
    triggerId: crypto.randomUUID(),
    createdMs: nowMs,
    updatedMs: nowMs,
    doneMs: nowMs,
    userId: actor.userId,
  });
  expectSweep(control);
  return view(control, policy);
}

export function getPolicy(control: Control, id: string): Policy {
  return view(control, cbrPolicy(control, id));
}

export function listPolicies(control: Control, query: { operationType?: string; vaultId?: string }): Policy[] {
  const { operationType, vaultId } = query;
  return cbrPolicies(control)
    .filter((policy) => operationType === undefined || policy.operationType === operationType)
    .toSorted((a, b) => b.createdMs - a.createdMs || (a.id < b.id ? -1 : 1))
    .map((policy) => view(control, policy))
    .filter((policy) => vaultId === undefined || policy.vaultIds.includes(vaultId));
}

/** A definition takes the old one's place as a whole. Points that passed while it was disabled are not made up for. */
export function updatePolicy(control: Control, id: string, input: PolicyInput): Policy {
  const policy = cbrPolicy(control, id);
  const nowMs = control.now();
  const { patterns = policy.patterns, definition = policy.definition } = input;
  // Clients that send everything back must not move the day from which intervals count.
  const isSameTimetable = JSON.stringify(patterns) === JSON.stringify(policy.patterns);
  const startMs = isSameTimetable ? policy.startMs : nowMs;
  if (!isSameTimetable) checkRules(patterns, startMs);
  const changed = control.policies.put({
    ...policy,
    name: input.name === undefined ? policy.name : checkPolicyName(input.name),
    enabled: input.enabled ?? policy.enabled,
    definition,
    retention: retentionOf(definition),
    patterns,
    startMs,
    doneMs: policy.enabled && isSameTimetable ? policy.doneMs : nowMs,
    updatedMs: nowMs,
  });
  reschedule(control, id);
  retainByNumber(control, changed);
  return view(control, changed);
}

/** Its backups stay, and are from now on kept until somebody deletes them. */
export function deletePolicy(control: Control, id: string): null {
  cbrPolicy(control, id);
  for (const vault of control.vaults.all()) {
    if (!vault.policyIds.includes(id)) continue;
    control.vaults.put({ ...vault, policyIds: vault.policyIds.filter((policyId) => policyId !== id) });
  }
  control.policies.delete(id);
  control.due.clear(`policy:${id}`);
  return null;
}

/** A vault has one backup policy: a new one takes the old one's place. Doing it twice changes nothing. */
export function associate(control: Control, vaultId: string, policyId: string): null {
  const vault = available(control.vault(vaultId));
  const policy = cbrPolicy(control, policyId);
  if (vault.policyIds.includes(policyId)) return null;
  const idle = vaultIds(control, policyId).length === 0;
  control.vaults.put({ ...vault, policyIds: [policyId], updatedMs: control.now() });
  if (idle) control.policies.put({ ...policy, doneMs: control.now() });
  for (const id of [policyId, ...vault.policyIds]) reschedule(control, id);
  return null;
}

/** Its backups stay. */
export function dissociate(control: Control, vaultId: string, policyId: string): null {
  const vault = control.vault(vaultId);
  cbrPolicy(control, policyId);
  if (!vault.policyIds.includes(policyId)) throw new Refusal('policy-not-on-vault', { id: policyId, vaultId });
  const policyIds = vault.policyIds.filter((id) => id !== policyId);
  control.vaults.put({ ...vault, policyIds, updatedMs: control.now() });
  reschedule(control, policyId);
  return null;
}

/** Policies of VBS have lists and calls of their own: neither API can say what the other's rules can. */
function cbrPolicies(control: Control): PolicyRecord[] {
  return control.policies.all().filter((policy) => policy.vbs === undefined);
}

function cbrPolicy(control: Control, id: string): PolicyRecord {
  const policy = control.policy(id);
  if (policy.vbs !== undefined) throw new Refusal('policy-not-found', { id });
  return policy;
}

function view(control: Control, record: PolicyRecord): Policy {
  const { doneMs, userId, vbs, patternZone, ...policy } = record;
  return { ...policy, vaultIds: vaultIds(control, record.id), nextMs: nextMs(control, record) };
}

function checkPolicyName(name: string): string {
  if (name === '' || byteLength(name) > 64) throw invalid('a name has 1 to 64 bytes');
  return name;
}

function invalid(reason: string): Refusal {
  return new Refusal('policy-invalid', { reason });
}
