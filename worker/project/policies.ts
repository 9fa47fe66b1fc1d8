// Backup policies: what they say, and when they come due next.

import { Refusal } from '../faults.ts';
import type { Policy, PolicyInput, Retention } from './contract.ts';
import type { Actor, Control } from './control.ts';
import { byteLength, checkSize } from './fields.ts';
import { POLICIES_MAX, POLICY_DEFINITION_BYTES_MAX } from './limits.ts';
import type { PolicyRecord } from './records.ts';
import { retainAll } from './retention.ts';
import { nextPoint, parseRule, type Rule, tooOften } from './rrule.ts';
import { available } from './vault-records.ts';

const PATTERNS_MAX = 24;
const RETENTION_MAX = 99_999;
/** Rules by calendar that are not yet acted upon: accepting one and deleting by another would lose backups. */
const CALENDAR_RULES = ['day_backups', 'week_backups', 'month_backups', 'year_backups'] as const;

/** A policy does nothing until it is associated with a vault. */
export function createPolicy(control: Control, actor: Actor, input: PolicyInput): Policy {
  const operationType = input.operationType ?? 'backup';
  if (operationType !== 'backup') throw new Refusal('not-implemented', { what: 'A replication policy' });
  const others = control.policies.all().filter((policy) => policy.operationType === operationType);
  if (others.length >= POLICIES_MAX) throw new Refusal('policy-limit', { limit: POLICIES_MAX });
  const nowMs = control.now();
  const patterns = input.patterns ?? [];
  checkPatterns(patterns, nowMs);
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
  return view(control, policy);
}

export function getPolicy(control: Control, id: string): Policy {
  return view(control, control.policy(id));
}

export function listPolicies(control: Control, query: { operationType?: string; vaultId?: string }): Policy[] {
  const { operationType, vaultId } = query;
  return control.policies
    .all()
    .filter((policy) => operationType === undefined || policy.operationType === operationType)
    .toSorted((a, b) => b.createdMs - a.createdMs || (a.id < b.id ? -1 : 1))
    .map((policy) => view(control, policy))
    .filter((policy) => vaultId === undefined || policy.vaultIds.includes(vaultId));
}

/** Points that passed while it was disabled are not made up for. */
export function updatePolicy(control: Control, id: string, input: PolicyInput): Policy {
  const policy = control.policy(id);
  const nowMs = control.now();
  const patterns = input.patterns ?? policy.patterns;
  const startMs = input.patterns === undefined ? policy.startMs : nowMs;
  checkPatterns(patterns, startMs);
  const definition = input.definition === undefined ? policy.definition : { ...policy.definition, ...input.definition };
  const changed = control.policies.put({
    ...policy,
    name: input.name === undefined ? policy.name : checkPolicyName(input.name),
    enabled: input.enabled ?? policy.enabled,
    definition,
    retention: retentionOf(definition),
    patterns,
    startMs,
    doneMs: policy.enabled && input.patterns === undefined ? policy.doneMs : nowMs,
    updatedMs: nowMs,
  });
  reschedule(control, id);
  retainAll(control, changed);
  return view(control, changed);
}

/** Its backups stay, and are from now on kept until somebody deletes them. */
export function deletePolicy(control: Control, id: string): null {
  control.policy(id);
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
  const policy = control.policy(policyId);
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
  control.policy(policyId);
  if (!vault.policyIds.includes(policyId)) throw new Refusal('policy-not-on-vault', { id: policyId, vaultId });
  const policyIds = vault.policyIds.filter((id) => id !== policyId);
  control.vaults.put({ ...vault, policyIds, updatedMs: control.now() });
  reschedule(control, policyId);
  return null;
}

/** Puts the policy's next point, in real time, into the table of due times. */
export function reschedule(control: Control, policyId: string): void {
  const policy = control.policies.get(policyId);
  const next = policy === null ? null : nextMs(control, policy);
  if (next === null) control.due.clear(`policy:${policyId}`);
  else control.due.set(`policy:${policyId}`, next - control.clock.offsetMs());
}

/** Project time of the first point that is not dealt with; it may have passed. */
export function nextMs(control: Control, policy: PolicyRecord): number | null {
  if (!policy.enabled || vaultIds(control, policy.id).length === 0) return null;
  const points = rulesOf(policy.patterns, policy.startMs).map((rule) => nextPoint(rule, policy.startMs, policy.doneMs));
  const known = points.filter((point) => point !== null);
  return known.length === 0 ? null : Math.min(...known);
}

/** The vaults that a policy is associated with. */
export function vaultIds(control: Control, policyId: string): string[] {
  const vaults = control.vaults.all().filter((vault) => vault.policyIds.includes(policyId));
  return vaults.map((vault) => vault.id);
}

function view(control: Control, record: PolicyRecord): Policy {
  const { doneMs, userId, ...policy } = record;
  return { ...policy, vaultIds: vaultIds(control, record.id), nextMs: nextMs(control, record) };
}

function rulesOf(patterns: readonly string[], startMs: number): Rule[] {
  return patterns.map((pattern) => parseRule(pattern, startMs)).filter((rule) => typeof rule !== 'string');
}

function checkPatterns(patterns: readonly string[], startMs: number): void {
  if (patterns.length < 1 || patterns.length > PATTERNS_MAX) throw invalid(`1 to ${PATTERNS_MAX} patterns are needed`);
  for (const pattern of patterns) {
    const rule = parseRule(pattern, startMs);
    if (typeof rule === 'string') throw invalid(rule);
  }
  const often = tooOften(rulesOf(patterns, startMs));
  if (often !== null) throw invalid(often);
}

function checkPolicyName(name: string): string {
  if (name === '' || byteLength(name) > 64) throw invalid('a name has 1 to 64 bytes');
  return name;
}

/** Both rules are counts with -1 for "none", and exclude each other. */
function retentionOf(definition: Readonly<Record<string, unknown>>): Retention {
  checkSize('operation_definition', definition, POLICY_DEFINITION_BYTES_MAX);
  for (const rule of CALENDAR_RULES) {
    const value = definition[rule] ?? 0;
    if (value !== 0) throw new Refusal('not-implemented', { what: `Retention by ${rule}` });
  }
  const maxBackups = count(definition, 'max_backups');
  const durationDays = count(definition, 'retention_duration_days');
  if (maxBackups > 0 && durationDays > 0) throw invalid('max_backups excludes retention_duration_days');
  return { maxBackups, durationDays };
}

function count(definition: Readonly<Record<string, unknown>>, name: string): number {
  const value = definition[name] ?? -1;
  if (value === -1) return -1;
  if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= RETENTION_MAX) return Number(value);
  throw invalid(`${name} is -1 or 1 to ${RETENTION_MAX}`);
}

function invalid(reason: string): Refusal {
  return new Refusal('policy-invalid', { reason });
}
