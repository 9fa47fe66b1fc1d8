// What a policy's rules may say: its patterns (when), and its operation_definition (what it keeps).

import { Refusal } from '../faults.ts';
import type { Retention } from './contract.ts';
import { checkSize } from './fields.ts';
import { POLICY_DEFINITION_BYTES_MAX } from './limits.ts';
import { parseRule, type Rule, tooOften } from './rrule.ts';
import { zoneOffsetMs } from './time-zones.ts';

const PATTERNS_MAX = 24;
const RETENTION_MAX = 99_999;
const CALENDAR_MAX = 100;

/** The vendor's names of what the rules by calendar are here. */
const CALENDAR_RULES = ['day_backups', 'week_backups', 'month_backups', 'year_backups'] as const;

type Definition = Readonly<Record<string, unknown>>;

/** Refuses patterns that a policy may not have. They are UTC. */
export function checkRules(patterns: readonly string[], startMs: number): void {
  if (patterns.length < 1 || patterns.length > PATTERNS_MAX) throw invalid(`1 to ${PATTERNS_MAX} patterns are needed`);
  const rules = patterns.map((pattern): Rule => {
    const rule = parseRule(pattern, startMs);
    if (typeof rule === 'string') throw invalid(rule);
    return rule;
  });
  const often = tooOften(rules);
  if (often !== null) throw invalid(often);
}

/** What a policy with this operation_definition keeps. Age excludes all numbers, and days need to know where they begin. */
export function retentionOf(definition: Definition): Retention {
  checkSize('operation_definition', definition, POLICY_DEFINITION_BYTES_MAX);
  const maxBackups = count(definition, 'max_backups');
  const durationDays = count(definition, 'retention_duration_days');
  const [dayBackups, weekBackups, monthBackups, yearBackups] = CALENDAR_RULES.map((rule) =>
    calendarCount(definition, rule),
  );
  const byCalendar = CALENDAR_RULES.find((rule) => (definition[rule] ?? 0) !== 0);
  if (durationDays > 0 && maxBackups > 0) throw invalid('max_backups excludes retention_duration_days');
  if (durationDays > 0 && byCalendar !== undefined) throw invalid(`${byCalendar} excludes retention_duration_days`);
  const timeZone = zoneName(definition.timezone);
  if (byCalendar !== undefined && timeZone === undefined) throw invalid(`${byCalendar} needs a timezone`);
  return { maxBackups, durationDays, dayBackups, weekBackups, monthBackups, yearBackups, timeZone };
}

/** -1 for "none". */
function count(definition: Definition, name: string): number {
  const value = definition[name] ?? -1;
  if (value === -1) return -1;
  if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= RETENTION_MAX) return Number(value);
  throw invalid(`${name} is -1 or 1 to ${RETENTION_MAX}`);
}

/** 0 for "none". */
function calendarCount(definition: Definition, name: string): number {
  const value = definition[name] ?? 0;
  if (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= CALENDAR_MAX) return Number(value);
  throw invalid(`${name} is 0 to ${CALENDAR_MAX}`);
}

/** An empty one is none: clients send it. */
function zoneName(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string' && zoneOffsetMs(value) !== null) return value;
  throw invalid('timezone is written UTC+01:00');
}

function invalid(reason: string): Refusal {
  return new Refusal('policy-invalid', { reason });
}
