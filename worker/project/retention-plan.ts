// Which of a policy's backups of one disk in one vault are kept: a plan as data, with a reason for each, and pure. Only
// automatic backups are in it; those that a person made are never touched.
//
// A rule by number holds for all backups of the policy, old ones too, as soon as it is set; so do the rules by calendar. What
// any of them keeps is kept. A rule by age is written into each backup when it is made: a shorter one must not reach back and
// take what was promised to be kept, and none holds for what was made before it.

import type { BackupStatus, Retention } from './contract.ts';
import { FAILED_AUTOMATIC_LIFE_MS, FAILED_AUTOMATIC_MAX } from './limits.ts';
import { type CalendarPlace, calendarPlace, zoneOffsetMs } from './time-zones.ts';

/** A backup as far as the plan looks at it. `expiresMs`: null when it was not made under a rule by age. */
export interface Candidate {
  readonly id: string;
  readonly status: BackupStatus;
  readonly createdMs: number;
  readonly expiresMs: number | null;
}

export interface Verdict {
  readonly backupId: string;
  readonly keep: boolean;
  /** When it goes: rules by number hold at once, what has become too old goes with the daily sweep. Null: not at all. */
  readonly when: 'now' | 'sweep' | null;
  readonly reason: string;
}

/** Under which circumstances the rules apply. */
export interface Terms {
  /** A disabled policy makes nothing and lets nothing go. */
  readonly enabled: boolean;
  /** The policy still backs this disk up into this vault: else its numbers have no hold, and only ages end a backup. */
  readonly applied: boolean;
  /** The vault protects automatic backups until they expire. */
  readonly locked: boolean;
}

const UNITS: readonly (keyof CalendarPlace)[] = ['day', 'week', 'month', 'year'];

/** Backups in these states are whole: they count, and only the available ones can go. */
const USABLE: readonly BackupStatus[] = ['available', 'restoring'];

/**
 * A verdict on each automatic backup of one disk in one vault, newest first.
 * @example planRetention(backups, { maxBackups: 2 }, terms, now) // the two newest stay
 */
export function planRetention(backups: readonly Candidate[], rules: Retention, terms: Terms, nowMs: number): Verdict[] {
  const sorted = backups.toSorted((a, b) => b.createdMs - a.createdMs || (a.id < b.id ? 1 : -1));
  const usable = sorted.filter(({ status }) => USABLE.includes(status));
  const counted = terms.applied && hasNumbers(rules) ? reasonsByNumber(usable, rules) : null;
  const first = rules.firstOfMonth === true ? firstOfMonth(usable, rules, nowMs) : undefined;
  let failed = 0;
  return sorted.map((backup): Verdict => {
    const say = (keep: boolean, when: Verdict['when'], reason: string) => ({ backupId: backup.id, keep, when, reason });
    const keep = (reason: string) => say(true, null, reason);
    const drop = (when: 'now' | 'sweep', reason: string) => say(false, when, reason);
    const { status, createdMs, expiresMs } = backup;
    if (!terms.enabled) return keep('the policy is disabled');
    if (status === 'error_deleting') return drop('sweep', 'its deletion failed: once more');
    if (status === 'error') {
      if (++failed > FAILED_AUTOMATIC_MAX) return drop('now', `more than ${FAILED_AUTOMATIC_MAX} failed ones`);
      const old = createdMs + FAILED_AUTOMATIC_LIFE_MS <= nowMs;
      return old ? drop('sweep', 'failed long ago') : keep('failed: kept for a look');
    }
    if (status !== 'available') return keep(`it is ${status}`);
    const expired = expiresMs !== null && expiresMs <= nowMs;
    if (terms.locked && expiresMs !== null && !expired) return keep(`the vault is locked: until ${time(expiresMs)}`);
    if (backup === first) return keep('the first of this month');
    const keptFor = counted?.get(backup.id);
    if (counted !== null && keptFor === undefined) return drop('now', beyond(rules));
    if (expired) return drop('sweep', `expired at ${time(expiresMs)}`);
    if (keptFor !== undefined) return keep(keptFor.join(', '));
    return keep(expiresMs === null ? 'no rule ends it' : `until ${time(expiresMs)}`);
  });
}

/** Are there rules that count backups? Without one, only ages end them. */
function hasNumbers(rules: Retention): boolean {
  return (rules.maxBackups ?? -1) > 0 || UNITS.some((unit) => calendarCount(rules, unit) > 0);
}

/** Why rules by number and calendar keep a backup, by its id; what none of them keeps is absent. */
function reasonsByNumber(usable: readonly Candidate[], rules: Retention): Map<string, readonly string[]> {
  const reasons = new Map<string, readonly string[]>();
  const add = ({ id }: Candidate, reason: string) => reasons.set(id, [...(reasons.get(id) ?? []), reason]);
  const { maxBackups = -1 } = rules;
  if (maxBackups > 0) for (const backup of usable.slice(0, maxBackups)) add(backup, `one of the newest ${maxBackups}`);
  for (const unit of UNITS) {
    for (const [place, backup] of newestPer(unit, usable, offsetOf(rules)).slice(0, calendarCount(rules, unit))) {
      add(backup, `the newest of the ${unit} ${unit === 'week' ? `from ${place}` : place}`);
    }
  }
  return reasons;
}

function firstOfMonth(usable: readonly Candidate[], rules: Retention, nowMs: number): Candidate | undefined {
  const monthOf = (ms: number) => calendarPlace(ms, offsetOf(rules)).month;
  return usable.findLast(({ createdMs }) => monthOf(createdMs) === monthOf(nowMs));
}

function offsetOf({ timeZone }: Retention): number {
  return (timeZone === undefined ? null : zoneOffsetMs(timeZone)) ?? 0;
}

/** The newest backup of each day (week, …) that has one, newest first. */
function newestPer(unit: keyof CalendarPlace, usable: readonly Candidate[], offsetMs: number): [string, Candidate][] {
  const newest = new Map<string, Candidate>();
  for (const backup of usable) {
    const place = calendarPlace(backup.createdMs, offsetMs)[unit];
    if (!newest.has(place)) newest.set(place, backup);
  }
  return [...newest];
}

function calendarCount(rules: Retention, unit: keyof CalendarPlace): number {
  return rules[`${unit}Backups`] ?? 0;
}

/** What a backup must be beyond to go: `not among the newest 3, nor the newest of 7 days`. */
function beyond(rules: Retention): string {
  const { maxBackups = -1 } = rules;
  const counted = UNITS.filter((unit) => calendarCount(rules, unit) > 0).map(
    (unit) => `the newest of ${calendarCount(rules, unit)} ${unit}s`,
  );
  return `not among ${[...(maxBackups > 0 ? [`the newest ${maxBackups}`] : []), ...counted].join(', nor ')}`;
}

function time(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
