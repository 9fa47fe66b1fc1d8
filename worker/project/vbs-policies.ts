// Backup policies in the words of VBS: they name disks, and know nothing of vaults. Underneath they are policies like any
// other: the same schedule, the same retention, the same log.

import { Refusal } from '../faults.ts';
import type { Tag, TagAction, VbsPolicy, VbsPolicyInput } from './contract.ts';
import type { Actor, Control } from './control.ts';
import { VBS_POLICIES_MAX } from './limits.ts';
import type { PolicyRecord } from './records.ts';
import { retainByNumber } from './retention.ts';
import { backUpVolumes } from './schedule.ts';
import { expectSweep } from './sweep-time.ts';
import { nextMs, reschedule, volumeIds } from './timetable.ts';
import { checkPolicyTags, checkVbsName, vbsRules } from './vbs-policy-rules.ts';

/** The policy that is there without anybody having made it; it is stored once there is something to remember about it. */
const DEFAULT_ID = '00000000-0000-4000-8000-000000000001';
const DEFAULT_RULES = { startTime: '02:00', frequencyDays: 1, maxBackups: 7 } as const;

export type VbsRecord = PolicyRecord & { readonly vbs: NonNullable<PolicyRecord['vbs']> };

/** It does nothing until disks are associated with it. */
export function createVbsPolicy(control: Control, actor: Actor, input: VbsPolicyInput): VbsPolicy {
  if (stored(control).filter(({ id }) => id !== DEFAULT_ID).length >= VBS_POLICIES_MAX) {
    throw new Refusal('policy-limit', { limit: VBS_POLICIES_MAX });
  }
  const name = checkVbsName(input.name ?? '');
  const policy = { ...newRecord(control, crypto.randomUUID(), input), name, userId: actor.userId };
  control.policies.put(policy);
  expectSweep(control);
  return view(control, policy);
}

/** The default policy first, then the newest. */
export function listVbsPolicies(control: Control): VbsPolicy[] {
  const others = stored(control).filter(({ id }) => id !== DEFAULT_ID);
  const newest = others.toSorted((a, b) => b.createdMs - a.createdMs || (a.id < b.id ? -1 : 1));
  return [vbsPolicy(control, DEFAULT_ID), ...newest].map((policy) => view(control, policy));
}

export function getVbsPolicy(control: Control, id: string): VbsPolicy {
  return view(control, vbsPolicy(control, id));
}

/** Points that passed while it was off, or under another timetable, are not made up for. */
export function updateVbsPolicy(control: Control, id: string, input: VbsPolicyInput): VbsPolicy {
  const policy = changeable(control, id);
  const nowMs = control.now();
  const rules = vbsRules(input, policy, nowMs);
  const isSameTimetable = rules.patterns[0] === policy.patterns[0] && rules.startMs === policy.startMs;
  const doneMs = policy.enabled && isSameTimetable ? policy.doneMs : nowMs;
  const name = input.name === undefined ? policy.name : checkVbsName(input.name);
  const changed = { ...policy, ...rules, name, doneMs, updatedMs: nowMs };
  control.policies.put(changed);
  reschedule(control, id);
  retainByNumber(control, changed);
  return view(control, changed);
}

/** Its backups stay, and are from now on kept until somebody deletes them. */
export function deleteVbsPolicy(control: Control, id: string): null {
  control.policies.delete(changeable(control, id).id);
  control.due.clear(`policy:${id}`);
  return null;
}

/** Backs its disks up now, as at a point of its timetable, also while it is off. */
export function executeVbsPolicy(control: Control, id: string): null {
  const policy = vbsPolicy(control, id);
  if (volumeIds(control, policy).length === 0) throw new Refusal('policy-empty', { id });
  const isActive = control.backups.by('policyId', id).some((backup) => backup.status === 'creating');
  if (isActive) throw new Refusal('policy-running', { id });
  backUpVolumes(control, policy);
  return null;
}

/** Of tags that are to be deleted, those that are there go. */
export function changePolicyTags(control: Control, id: string, { action, tags }: TagAction): null {
  const policy = vbsPolicy(control, id);
  const keys = new Set(tags.map(({ key }) => key));
  const others = policy.vbs.tags.filter(({ key }) => !keys.has(key));
  const next: readonly Tag[] = action === 'delete' ? others : checkPolicyTags([...others, ...tags]);
  control.policies.put({ ...policy, vbs: { ...policy.vbs, tags: next }, updatedMs: control.now() });
  return null;
}

/** A policy of VBS, or the refusal: those of CBR have calls of their own. */
export function vbsPolicy(control: Control, id: string): VbsRecord {
  const policy = control.policies.get(id);
  if (isVbs(policy)) return policy;
  if (id === DEFAULT_ID) return newRecord(control, DEFAULT_ID, DEFAULT_RULES);
  throw new Refusal('policy-not-found', { id });
}

function changeable(control: Control, id: string): VbsRecord {
  if (id === DEFAULT_ID) throw new Refusal('policy-default');
  return vbsPolicy(control, id);
}

function stored(control: Control): VbsRecord[] {
  return control.policies.all().filter(isVbs);
}

function isVbs(policy: PolicyRecord | null): policy is VbsRecord {
  return policy?.vbs !== undefined;
}

/** The default policy, or what any other begins as. Nobody's: who names it, or gives it disks, is its user. */
function newRecord(control: Control, id: string, input: VbsPolicyInput): VbsRecord {
  const nowMs = control.now();
  return {
    ...vbsRules(input, null, nowMs),
    id,
    name: 'default',
    operationType: 'backup',
    definition: {},
    triggerId: crypto.randomUUID(),
    createdMs: nowMs,
    updatedMs: nowMs,
    doneMs: nowMs,
    userId: '',
  };
}

function view(control: Control, policy: VbsRecord): VbsPolicy {
  const { id, name, enabled, createdMs, retention, vbs } = policy;
  const { maxBackups = -1, durationDays = -1, firstOfMonth = false } = retention;
  return {
    ...vbs,
    id,
    name,
    enabled,
    createdMs,
    firstOfMonth,
    maxBackups: maxBackups > 0 ? maxBackups : null,
    durationDays: durationDays > 0 ? durationDays : null,
    volumeIds: volumeIds(control, policy),
    nextMs: nextMs(control, policy),
  };
}
