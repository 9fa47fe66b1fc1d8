// How much a project has, and how much it may have.

import { Refusal } from '../faults.ts';
import type { QuotaLine, Quotas, VolumeTypeName } from './contract.ts';
import type { Control } from './control.ts';
import { QUOTA, VOLUME_TYPES } from './limits.ts';

interface Usage {
  readonly count: number;
  readonly gib: number;
}

/** Refuses when `count` more volumes of `sizeGib` each would exceed a quota. */
export function checkVolumeQuota(control: Control, count: number, sizeGib: number): void {
  if (sizeGib > QUOTA.perVolumeGigabytes) throw new Refusal('volume-size-quota', { limit: QUOTA.perVolumeGigabytes });
  if (total(control.volumes.totals('sizeGib', 'type')).count + count > QUOTA.volumes) {
    throw new Refusal('volume-quota', { limit: QUOTA.volumes });
  }
  checkGigabytes(control, count * sizeGib);
}

/** Refuses when `addedGib` more of volumes and snapshots would exceed the quota. */
export function checkGigabytes(control: Control, addedGib: number): void {
  const used =
    total(control.volumes.totals('sizeGib', 'type')).gib + total(control.snapshots.totals('sizeGib', 'zone')).gib;
  if (used + addedGib > QUOTA.gigabytes) {
    throw new Refusal('gigabytes-quota', { requested: addedGib, used, limit: QUOTA.gigabytes });
  }
}

/** Refuses when one more snapshot of that size would exceed a quota. */
export function checkSnapshotQuota(control: Control, sizeGib: number): void {
  if (control.snapshots.count() >= QUOTA.snapshots) throw new Refusal('snapshot-quota', { limit: QUOTA.snapshots });
  checkGigabytes(control, sizeGib);
}

/** Refuses when one more backup of that size would exceed a quota. */
export function checkBackupQuota(control: Control, sizeGib: number): void {
  const used = total(control.backups.totals('sizeGib', 'zone'));
  if (used.count >= QUOTA.backups) throw new Refusal('backup-quota', { limit: QUOTA.backups });
  if (used.gib + sizeGib > QUOTA.backupGigabytes) {
    throw new Refusal('backup-gigabytes-quota', { limit: QUOTA.backupGigabytes });
  }
}

/** Limits and usage, as quota sets and limits show them. */
export function quotas(control: Control): Quotas {
  const volumes = control.volumes.totals('sizeGib', 'type');
  const volumeTotal = total(volumes);
  const snapshotTotal = total(control.snapshots.totals('sizeGib', 'zone'));
  const backupTotal = total(control.backups.totals('sizeGib', 'zone'));
  const typeOf = new Map(control.volumes.all().map((volume) => [volume.id, volume.type]));
  const snapshotTypes = control.snapshots.totals('sizeGib', 'volumeId');
  const byType = VOLUME_TYPES.map(({ name }) => {
    const own = volumes.find((group) => group.group === name);
    const taken = total(snapshotTypes.filter((group) => typeOf.get(group.group) === name));
    const lines = {
      volumes: line(-1, own?.count ?? 0),
      gigabytes: line(-1, (own?.sum ?? 0) + taken.gib),
      snapshots: line(-1, taken.count),
    };
    return [name, lines] as const;
  });
  return {
    volumes: line(QUOTA.volumes, volumeTotal.count),
    snapshots: line(QUOTA.snapshots, snapshotTotal.count),
    gigabytes: line(QUOTA.gigabytes, volumeTotal.gib + snapshotTotal.gib),
    backups: line(QUOTA.backups, backupTotal.count),
    backupGigabytes: line(QUOTA.backupGigabytes, backupTotal.gib),
    perVolumeGigabytes: line(QUOTA.perVolumeGigabytes, 0),
    byType: Object.fromEntries(byType) as Record<VolumeTypeName, (typeof byType)[number][1]>,
  };
}

function total(groups: readonly { count: number; sum: number }[]): Usage {
  return groups.reduce((sum, group) => ({ count: sum.count + group.count, gib: sum.gib + group.sum }), {
    count: 0,
    gib: 0,
  });
}

function line(limit: number, inUse: number): QuotaLine {
  return { limit, inUse, reserved: 0 };
}
