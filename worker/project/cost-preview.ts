// What a policy would cost before it is saved: its runs and what it keeps from its own rules, bytes from what the disks'
// backups have shown so far. Each figure says what it rests on; nothing is stored.

import { addCost, type MeterCounts, NO_COST, obsUsdPerMonth, operationUsd } from '../../engine/cost.ts';
import { PACK_TARGET_BYTES } from '../../engine/repository/pack-format.ts';
import { Refusal } from '../faults.ts';
import type { CostPreview, CostPreviewInput, ObservedDisk, Retention } from './contract.ts';
import type { Control } from './control.ts';
import { DAY_MS, GIB } from './limits.ts';
import { checkRules, retentionOf } from './policy-rules.ts';
import { planRetention } from './retention-plan.ts';
import { parseRule, pointsBetween, type Rule } from './rrule.ts';

const MONTH_DAYS = 30.44;
const CHANGE_PERCENT_PER_DAY_DEFAULT = 1;
/** What backups that nothing ends are counted over. */
const YEAR_DAYS = 366;
/** Runs that are looked at: at 24 a day more than half a year, and a turn of a few milliseconds. */
const RUNS_MAX = 5_000;

/** Throws `invalid-request` without any disk, `policy-invalid` for rules that no policy may have. */
export function previewCost(control: Control, input: CostPreviewInput): CostPreview {
  const nowMs = control.now();
  checkRules(input.patterns, nowMs);
  const retention = retentionOf(input.definition);
  const runs = runsOf(input.patterns, retention, nowMs);
  const disks = disksOf(control, input).map((id) => observe(control, id, input.assumedChangePercentPerDay));
  const kept = keptOf(runs, retention, nowMs);
  const stored = disks.map((disk) => storedOf(disk, runs, kept));
  const operations = disks
    .map((disk, i) => times(operationsOf(control, disk, stored[i]!.perRunBytes), runs.perMonth))
    .reduce(addCost, { ...NO_COST });
  const storedBytes = stored.reduce((sum, { totalBytes }) => sum + totalBytes, 0);
  const storageUsdPerMonth = obsUsdPerMonth(storedBytes);
  const operationsUsdPerMonth = operationUsd(operations);
  return {
    runsPerMonth: runs.perMonth,
    rpoSeconds: runs.gapMaxMs / 1000,
    keptBackups: kept,
    horizonDays: runs.days,
    isGrowing: endlessly(retention),
    storedBytes,
    operationsPerMonth: operations,
    storageUsdPerMonth,
    operationsUsdPerMonth,
    totalUsdPerMonth: storageUsdPerMonth + operationsUsdPerMonth,
    disks,
  };
}

interface Runs {
  readonly points: readonly number[];
  readonly days: number;
  readonly perMonth: number;
  readonly gapMaxMs: number;
}

/** The runs from now on, over as many days as the retention reaches back. */
function runsOf(patterns: readonly string[], retention: Retention, nowMs: number): Runs {
  const rules = patterns
    .map((pattern) => parseRule(pattern, nowMs))
    .filter((rule): rule is Rule => typeof rule !== 'string');
  const within = (days: number) => {
    const points = rules.flatMap((rule) => pointsBetween(rule, nowMs, nowMs + days * DAY_MS));
    return [...new Set(points)].toSorted((a, b) => a - b);
  };
  const sampleDays = 28;
  const perDay = Math.max(within(sampleDays).length, 1) / sampleDays;
  const days = Math.ceil(Math.min(reachDays(retention, perDay), RUNS_MAX / perDay));
  const points = within(days);
  const gaps = points.slice(1).map((point, i) => point - points[i]!);
  const gapMaxMs = gaps.length > 0 ? Math.max(...gaps) : days * DAY_MS;
  return { points, days, perMonth: (points.length / days) * MONTH_DAYS, gapMaxMs };
}

function endlessly(retention: Retention): boolean {
  const { maxBackups = -1, durationDays = -1 } = retention;
  return maxBackups < 0 && durationDays < 0 && calendarDays(retention) === 0;
}

function calendarDays({ dayBackups = 0, weekBackups = 0, monthBackups = 0, yearBackups = 0 }: Retention): number {
  return Math.max(dayBackups, weekBackups * 7, monthBackups * 31, yearBackups * 366);
}

/** After so many days as many go as come; a year when none ever goes. */
function reachDays(retention: Retention, perDay: number): number {
  if (endlessly(retention)) return YEAR_DAYS;
  const { maxBackups = -1, durationDays = -1 } = retention;
  const byNumber = maxBackups > 0 ? maxBackups / perDay : 0;
  return Math.max(28, byNumber, durationDays, calendarDays(retention)) + 2;
}

/** Backups that the plan keeps at the end of the horizon. */
function keptOf({ points, days }: Runs, retention: Retention, nowMs: number): number {
  const { durationDays = -1 } = retention;
  const backups = points.map((createdMs, i) => ({
    id: String(i).padStart(8, '0'),
    status: 'available' as const,
    createdMs,
    expiresMs: durationDays > 0 ? createdMs + durationDays * DAY_MS : null,
  }));
  const terms = { enabled: true, applied: true, locked: false };
  return planRetention(backups, retention, terms, nowMs + days * DAY_MS).filter(({ keep }) => keep).length;
}

function disksOf(control: Control, { volumeIds = [], vaultId }: CostPreviewInput): string[] {
  const resources = vaultId === undefined ? [] : control.vault(vaultId).resources.map(({ id }) => id);
  const ids = [...new Set([...volumeIds.map((id) => control.volume(id).id), ...resources])];
  if (ids.length === 0)
    throw new Refusal('invalid-request', { reason: 'Name volumes, or a vault that protects some.' });
  return ids.filter((id) => control.volumes.get(id) !== null);
}

/** What the disk's own backups tell of it. */
function observe(
  control: Control,
  volumeId: string,
  changePercentPerDay: number = CHANGE_PERCENT_PER_DAY_DEFAULT,
): ObservedDisk {
  const made = control.backups
    .by('volumeId', volumeId)
    .filter(({ status }) => status === 'available')
    .toSorted((a, b) => a.dataMs - b.dataMs);
  const allocatedBytes = made.at(-1)?.logicalBytes ?? control.volume(volumeId).sizeGib * GIB;
  const counted = made.filter(({ changedBytes }) => changedBytes !== undefined);
  const changed = counted.reduce((sum, { changedBytes = 0 }) => sum + changedBytes, 0);
  const stored = counted.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
  // The first of a row was made against nothing, or against what is gone: what changed before it says nothing.
  const later = counted.slice(1).filter(({ incremental }) => incremental);
  const days = counted.length > 1 ? (counted.at(-1)!.dataMs - counted[0]!.dataMs) / DAY_MS : 0;
  const isObserved = later.length > 0 && days > 0;
  return {
    volumeId,
    allocatedFrom: made.length > 0 ? 'backup' : 'size',
    allocatedBytes,
    changeFrom: isObserved ? 'backups' : 'assumed',
    changedBytesPerDay: isObserved
      ? later.reduce((sum, { changedBytes = 0 }) => sum + changedBytes, 0) / days
      : (allocatedBytes * changePercentPerDay) / 100,
    storedPerChanged: changed > 0 ? stored / changed : 1,
  };
}

/** All of the disk once, and for each further backup what changes between two runs: never more than the disk has. */
function storedOf(disk: ObservedDisk, { perMonth }: Runs, kept: number): { perRunBytes: number; totalBytes: number } {
  const { allocatedBytes, changedBytesPerDay, storedPerChanged } = disk;
  const changedPerRun = Math.min(allocatedBytes, (changedBytesPerDay * MONTH_DAYS) / perMonth);
  const perRunBytes = Math.round(changedPerRun * storedPerChanged);
  return {
    perRunBytes,
    totalBytes: Math.round(allocatedBytes * storedPerChanged) + perRunBytes * Math.max(0, kept - 1),
  };
}

/** Of one run: the mean of the disk's incremental backups; without any, a put for each pack and the fixed calls of a backup. */
function operationsOf(control: Control, { volumeId }: ObservedDisk, perRunBytes: number): MeterCounts {
  const costs = control.backups
    .by('volumeId', volumeId)
    .flatMap(({ incremental, cost }) => (incremental && cost !== undefined ? [cost] : []));
  if (costs.length > 0) return times(costs.reduce(addCost, { ...NO_COST }), 1 / costs.length);
  const packs = Math.ceil(perRunBytes / PACK_TARGET_BYTES);
  return {
    ...NO_COST,
    obsClassA: packs + 2,
    obsClassB: packs + 4,
    objectRequests: 2 * packs + 8,
    obsBytesIn: perRunBytes,
  };
}

function times(counts: MeterCounts, factor: number): MeterCounts {
  const product = { ...counts };
  for (const key of Object.keys(product) as (keyof MeterCounts)[]) product[key] = Math.round(product[key] * factor);
  return product;
}
