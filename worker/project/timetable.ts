// When policies come due next, and for what.

import type { Control } from './control.ts';
import type { PolicyRecord } from './records.ts';
import { nextPoint, parseRule, pointsBetween, type Rule } from './rrule.ts';
import { zoneOffsetMs } from './time-zones.ts';

type Timetable = Pick<PolicyRecord, 'patterns' | 'startMs' | 'patternZone'>;

/** Puts the policy's next point, in real time, into the table of due times. Inside a change. */
export function reschedule(control: Control, policyId: string): void {
  const policy = control.policies.get(policyId);
  const next = policy === null ? null : nextMs(control, policy);
  if (next === null) control.due.clear(`policy:${policyId}`);
  else control.due.set(`policy:${policyId}`, next - control.clock.offsetMs());
}

/** Project time of the first point that is not dealt with; it may have passed. Null when nothing would come of it. */
export function nextMs(control: Control, policy: PolicyRecord): number | null {
  if (!policy.enabled || !hasTargets(control, policy)) return null;
  return upcoming(policy, policy.doneMs, 1)[0] ?? null;
}

/** The first points after a moment, in order. */
export function upcoming(timetable: Timetable, afterMs: number, count: number): number[] {
  const rules = rulesOf(timetable);
  const points: number[] = [];
  for (let atMs = afterMs; points.length < count; atMs = points.at(-1)!) {
    const next = rules.map((rule) => nextPoint(rule, atMs)).filter((point) => point !== null);
    if (next.length === 0) break;
    points.push(Math.min(...next));
  }
  return points;
}

/** Points that have passed and are not dealt with, in order. */
export function overdue(timetable: Timetable & { readonly doneMs: number }, nowMs: number): number[] {
  const points = rulesOf(timetable).flatMap((rule) => pointsBetween(rule, timetable.doneMs, nowMs));
  return [...new Set(points)].toSorted((a, b) => a - b);
}

/** The vaults that a policy is associated with. */
export function vaultIds(control: Control, policyId: string): string[] {
  const vaults = control.vaults.all().filter((vault) => vault.policyIds.includes(policyId));
  return vaults.map((vault) => vault.id);
}

/** The disks of a VBS policy, as far as they are still here. */
export function volumeIds(control: Control, { vbs }: PolicyRecord): string[] {
  return (vbs?.volumeIds ?? []).filter((id) => control.volumes.get(id) !== null);
}

/** Does the policy back this disk up into this vault? */
export function appliesTo(control: Control, policy: PolicyRecord, volumeId: string, vaultId: string): boolean {
  if (policy.vbs !== undefined) return policy.vbs.volumeIds.includes(volumeId);
  return control.vaults.get(vaultId)?.policyIds.includes(policy.id) ?? false;
}

function hasTargets(control: Control, policy: PolicyRecord): boolean {
  if (policy.vbs !== undefined) return volumeIds(control, policy).length > 0;
  return vaultIds(control, policy.id).length > 0;
}

function rulesOf({ patterns, startMs, patternZone }: Timetable): Rule[] {
  const offsetMs = patternZone === undefined ? 0 : (zoneOffsetMs(patternZone) ?? 0);
  return patterns
    .map((pattern) => parseRule(pattern, startMs, offsetMs))
    .filter((rule): rule is Rule => typeof rule !== 'string');
}
