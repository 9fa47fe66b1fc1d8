// How much a project has, and how much it may have.

import { type FaultCode, Refusal } from '../faults.ts';
import type { QuotaLine, Quotas } from './contract.ts';
import type { Control } from './control.ts';
import { BUILT_IN_TYPES, QUOTA_DEFAULTS, QUOTA_MAX } from './limits.ts';

/** Names of limits; with a type's name after them they hold for that type alone. */
const BY_TYPE = ['volumes', 'gigabytes', 'snapshots'] as const;

/** Where a project's own limits are kept, as JSON. */
const OWN_LIMITS = 'quotas';

type Limits = Readonly<Record<string, number>>;

interface Sized {
  readonly sizeGib: number;
}

interface Usage {
  readonly count: number;
  readonly gib: number;
}

const NOTHING: Usage = { count: 0, gib: 0 };

/** Every limit that there is a name for, as built in. */
function builtInLimits(control: Control): Record<string, number> {
  const limits: Record<string, number> = { ...QUOTA_DEFAULTS };
  for (const { name } of [...BUILT_IN_TYPES, ...control.catalog.types]) {
    for (const kind of BY_TYPE) limits[`${kind}_${name}`] = -1;
  }
  return limits;
}

/** The limits of a project that has none of its own. */
export function defaultLimits(control: Control): Limits {
  const limits = builtInLimits(control);
  for (const [name, limit] of Object.entries(control.catalog.quotaDefaults)) {
    if (Object.hasOwn(limits, name)) limits[name] = limit;
  }
  return limits;
}

/** What an administrator set for this project; also for types that are gone. */
function ownLimits(control: Control): Limits {
  const [row] = control.store.rows('SELECT value FROM meta WHERE name = ?', OWN_LIMITS);
  return row === undefined ? {} : (JSON.parse(String(row.value)) as Limits);
}

/** The project's limits as they hold now. */
export function limitsOf(control: Control): Limits {
  const defaults = defaultLimits(control);
  const own = Object.entries(ownLimits(control)).filter(([name]) => Object.hasOwn(defaults, name));
  return { ...defaults, ...Object.fromEntries(own) };
}

/** Refuses names that are no limit's and numbers that are none; the changed limits. */
export function checkedLimits(control: Control, have: Limits, changed: Limits): Limits {
  const known = builtInLimits(control);
  for (const [name, limit] of Object.entries(changed)) {
    if (!Object.hasOwn(known, name)) throw new Refusal('invalid-request', { reason: `Bad key in quota set: ${name}` });
    if (!Number.isInteger(limit) || limit < -1 || limit > QUOTA_MAX) {
      throw new Refusal('invalid-request', { reason: `Quota ${name}: a whole number from -1 to ${QUOTA_MAX}.` });
    }
  }
  return { ...have, ...changed };
}

/** Sets limits of this project; null takes all of them back. Inside a change. */
export function setLimits(control: Control, changed: Limits | null): Limits {
  const limits = changed === null ? {} : checkedLimits(control, ownLimits(control), changed);
  control.store.setMeta(OWN_LIMITS, JSON.stringify(limits));
  return limitsOf(control);
}

/** The limits with those of one type under its new name. */
export function limitsRenamed(limits: Limits, from: string, to: string): Limits {
  const names = new Map(BY_TYPE.map((kind) => [`${kind}_${from}`, `${kind}_${to}`]));
  return Object.fromEntries(Object.entries(limits).map(([name, limit]) => [names.get(name) ?? name, limit]));
}

/** A type has another name: the project's own limits of it go along. Inside a change. */
export function renameTypeLimits(control: Control, from: string, to: string): void {
  const own = ownLimits(control);
  if (Object.keys(own).length > 0) {
    control.store.setMeta(OWN_LIMITS, JSON.stringify(limitsRenamed(own, from, to)));
  }
}

/** Refuses a volume that is larger than any may be. */
export function checkSize(control: Control, sizeGib: number): void {
  const limit = limitsOf(control).per_volume_gigabytes!;
  if (limit >= 0 && sizeGib > limit) throw new Refusal('volume-size-quota', { size: sizeGib, limit });
}

/** Refuses when `count` more volumes of `sizeGib` each would exceed a quota. */
export function checkVolumeQuota(control: Control, count: number, sizeGib: number, type: string): void {
  checkSize(control, sizeGib);
  checkVolumeCount(control, count, type);
  checkGigabytes(control, count * sizeGib, type);
}

/** Refuses when `count` more snapshots of that size would exceed a quota. */
export function checkSnapshotQuota(control: Control, count: number, sizeGib: number, type: string): void {
  checkSnapshotCount(control, count, type);
  checkGigabytes(control, count * sizeGib, type);
}

/** Refuses when a volume that comes with its snapshots would exceed a quota. */
export function checkArrivalQuota(
  control: Control,
  volume: Sized & { readonly type: string },
  snapshots: readonly Sized[],
): void {
  checkSize(control, volume.sizeGib);
  checkVolumeCount(control, 1, volume.type);
  checkSnapshotCount(control, snapshots.length, volume.type);
  checkGigabytes(control, gibOf([volume, ...snapshots]), volume.type);
}

/** Refuses when a volume that changes its type, and its snapshots with it, would exceed a quota of the new one. */
export function checkRetypeQuota(
  control: Control,
  volume: Sized & { readonly type: string },
  snapshots: readonly Sized[],
  type: string,
): void {
  if (volume.type === type) return;
  const limits = limitsOf(control);
  const have = usageByType(control).get(type) ?? { volumes: NOTHING, snapshots: NOTHING };
  checkLimit(limits, `volumes_${type}`, 'volume-quota', have.volumes.count, 1);
  checkLimit(limits, `snapshots_${type}`, 'snapshot-quota', have.snapshots.count, snapshots.length);
  const usedGib = have.volumes.gib + have.snapshots.gib;
  checkLimit(limits, `gigabytes_${type}`, 'gigabytes-quota', usedGib, gibOf([volume, ...snapshots]));
}

/** Refuses when `addedGib` more of volumes and snapshots would exceed a quota. */
export function checkGigabytes(control: Control, addedGib: number, type: string): void {
  const limits = limitsOf(control);
  const used = usageByType(control);
  const all = [...used.values()].reduce((sum, one) => sum + one.volumes.gib + one.snapshots.gib, 0);
  const own = used.get(type);
  checkLimit(limits, 'gigabytes', 'gigabytes-quota', all, addedGib);
  const ownGib = (own?.volumes.gib ?? 0) + (own?.snapshots.gib ?? 0);
  checkLimit(limits, `gigabytes_${type}`, 'gigabytes-quota', ownGib, addedGib);
}

/** Refuses when one more backup of that size would exceed a quota. */
export function checkBackupQuota(control: Control, sizeGib: number): void {
  const limits = limitsOf(control);
  const used = backupUsage(control);
  checkLimit(limits, 'backups', 'backup-quota', used.count, 1);
  checkLimit(limits, 'backup_gigabytes', 'backup-gigabytes-quota', used.gib, sizeGib);
}

function checkVolumeCount(control: Control, added: number, type: string): void {
  const limits = limitsOf(control);
  const groups = control.volumes.totals('sizeGib', 'type');
  checkLimit(limits, 'volumes', 'volume-quota', total(groups).count, added);
  const ofType = groups.find((group) => group.group === type)?.count ?? 0;
  checkLimit(limits, `volumes_${type}`, 'volume-quota', ofType, added);
}

function checkSnapshotCount(control: Control, added: number, type: string): void {
  const limits = limitsOf(control);
  checkLimit(limits, 'snapshots', 'snapshot-quota', control.snapshots.count(), added);
  const ofType = usageByType(control).get(type)?.snapshots.count ?? 0;
  checkLimit(limits, `snapshots_${type}`, 'snapshot-quota', ofType, added);
}

/** Nothing added is always allowed: a limit may have been set below what there is. */
function checkLimit(limits: Limits, name: string, code: FaultCode, used: number, added: number): void {
  const limit = limits[name];
  if (limit === undefined || limit < 0 || added === 0 || used + added <= limit) return;
  throw new Refusal(code, { name, limit, used, requested: added });
}

/** Limits and usage, as quota sets and limits show them. */
export function quotas(control: Control): Quotas {
  const byType = usageByType(control);
  const volumes = total([...byType.values()].map((one) => ({ count: one.volumes.count, sum: one.volumes.gib })));
  const snapshots = total([...byType.values()].map((one) => ({ count: one.snapshots.count, sum: one.snapshots.gib })));
  const backups = backupUsage(control);
  const used: Record<string, number> = {
    volumes: volumes.count,
    snapshots: snapshots.count,
    gigabytes: volumes.gib + snapshots.gib,
    backups: backups.count,
    backup_gigabytes: backups.gib,
  };
  for (const [type, own] of byType) {
    used[`volumes_${type}`] = own.volumes.count;
    used[`snapshots_${type}`] = own.snapshots.count;
    used[`gigabytes_${type}`] = own.volumes.gib + own.snapshots.gib;
  }
  const lines = Object.entries(limitsOf(control)).map(([name, limit]): [string, QuotaLine] => [
    name,
    { limit, inUse: used[name] ?? 0, reserved: 0 },
  ]);
  return Object.fromEntries(lines);
}

/** Volumes and snapshots by the type of their disk. */
function usageByType(control: Control): Map<string, { volumes: Usage; snapshots: Usage }> {
  const used = new Map<string, { volumes: Usage; snapshots: Usage }>();
  for (const { group, count, sum } of control.volumes.totals('sizeGib', 'type')) {
    used.set(group, { volumes: { count, gib: sum }, snapshots: NOTHING });
  }
  const types = control.volumes.column('type');
  for (const { group, count, sum } of control.snapshots.totals('sizeGib', 'volumeId')) {
    const type = types.get(group) ?? '';
    const own = used.get(type) ?? { volumes: NOTHING, snapshots: NOTHING };
    const snapshots = { count: own.snapshots.count + count, gib: own.snapshots.gib + sum };
    used.set(type, { ...own, snapshots });
  }
  return used;
}

/** The project's own: those that an administrator of another project made here are not its to pay for. */
function backupUsage(control: Control): Usage {
  return total(control.backups.totals('sizeGib', 'projectId').filter((group) => group.group === control.projectId));
}

function gibOf(items: readonly Sized[]): number {
  return items.reduce((sum, item) => sum + item.sizeGib, 0);
}

function total(groups: readonly { count: number; sum: number }[]): Usage {
  return groups.reduce((sum, group) => ({ count: sum.count + group.count, gib: sum.gib + group.sum }), NOTHING);
}
