// The table that must hold: "backup and snapshot compared" (evs_01_0048), a test for each statement, through the HTTP API
// and over the real objects. Here: both, side by side. The ids are those of the fact sheet's section 4.

import { beforeAll, describe, expect, test } from 'vitest';
import type { MeterCounts } from '../../engine/cost.ts';
import { randomBytes } from './disk-driver.ts';
import { HOME, MIB, Table } from './table.ts';

let table: Table;

beforeAll(async () => {
  table = await Table.login();
});

describe('both', () => {
  /** What a disk's operation made the platform do, from a settled disk until all is over. */
  async function spent(id: string, run: () => Promise<unknown>): Promise<MeterCounts> {
    await table.settled(id);
    const before = (await table.diskStatus(id)).cost;
    await run();
    const after = (await table.diskStatus(id)).cost;
    const counts = Object.entries(after).map(([key, value]) => [key, value - before[key as keyof MeterCounts]]);
    return Object.fromEntries(counts) as unknown as MeterCounts;
  }

  const obsWork = (cost: MeterCounts) =>
    cost.obsClassA + cost.obsClassB + cost.obsDeletes + cost.obsBytesIn + cost.obsBytesOut;

  test('N1: a snapshot and a rollback do less than a backup, which moves the data to object storage', async () => {
    const rows: number[][] = [];
    for (const megabytes of [1, 12]) {
      const { id } = await table.api.createVolume({ availability_zone: HOME });
      for (let at = 0; at < megabytes; at++) await table.api.write(id, at * MIB, randomBytes(MIB));
      let snapshotId = '';
      const snapshot = await spent(id, async () => {
        snapshotId = (await table.api.createSnapshot(id)).id;
      });
      await table.api.write(id, MIB / 2, randomBytes(65_536));
      const rollback = await spent(id, () => table.api.rollback(snapshotId, id));
      const backup = await spent(id, () => table.api.createBackup(id));
      expect([obsWork(snapshot), obsWork(rollback)]).toEqual([0, 0]);
      // Rows that keep the job's state are among them.
      expect(snapshot.rowsWritten).toBeLessThan(12);
      expect(rollback.rowsWritten).toBeLessThan(24);
      rows.push([snapshot.rowsWritten, rollback.rowsWritten]);
      expect(backup.obsBytesIn).toBeGreaterThanOrEqual(megabytes * MIB);
      expect(backup.obsClassA).toBeGreaterThanOrEqual(2);
    }
    // And the same for little data and for much.
    expect(rows[1]).toEqual(rows[0]);
  });

  test('N1: what operations cost is in the metrics, for snapshot, rollback and backup', async () => {
    const counter = async (name: string, kind: string) => {
      const text = await (await table.api.send('GET', '/metrics')).text();
      const line = text.split('\n').find((one) => one.startsWith(`evs_operation_${name}_total{`) && one.includes(kind));
      return Number(line?.split(' ').at(-1) ?? 0);
    };
    const { id } = await table.filled();
    const moved = async (kind: string) =>
      (await counter('obs_bytes_in', kind)) + (await counter('obs_bytes_out', kind));
    const before = await moved('createBackup');
    const snapshot = await table.api.createSnapshot(id);
    await table.api.rollback(snapshot.id, id);
    await table.api.createBackup(id);
    expect([await moved('createSnapshot'), await moved('rollback')]).toEqual([0, 0]);
    expect(await moved('createBackup')).toBeGreaterThan(before + MIB);
    expect(await counter('rows_written', 'createSnapshot')).toBeGreaterThan(0);
    expect(await counter('rows_written', 'rollback')).toBeGreaterThan(0);
  });

  test('N2: no call rolls a snapshot back onto another disk, and the attempt changes nothing', async () => {
    const source = await table.filled();
    const other = await table.filled();
    const snapshot = await table.api.createSnapshot(source.id);
    const changed = await table.change(source.id);
    for (const path of ['cloudsnapshots', 'os-vendor-snapshots']) {
      const body = { rollback: { volume_id: other.id } };
      const refused = await table.api.answer('POST', `/evs/v2/{p}/${path}/${snapshot.id}/rollback`, body);
      expect(refused.status).toBe(400);
      expect(refused.text).toContain('cannot be rolled back to another volume');
    }
    const revert = { revert: { snapshot_id: snapshot.id } };
    const refused = await table.api.answer('POST', `/evs/v3/{p}/volumes/${other.id}/action`, revert);
    expect(refused.status).toBe(400);
    expect(refused.text).toContain(`has no snapshot`);
    for (const { id } of [source, other]) expect((await table.api.volume(id)).status).toBe('available');
    expect((await table.api.settled(`/evs/v3/{p}/snapshots/${snapshot.id}`, 'snapshot')).status).toBe('available');
    await table.expectBytes(`volumes/${other.id}`, other.bytes);
    await table.expectBytes(`volumes/${source.id}`, changed);
    await table.expectBytes(`snapshots/${snapshot.id}`, source.bytes);
  });
});
