// Scrub and heal as jobs of the Disk object: beside everything else that it does, through evictions and crashes, from vaults
// that are well, damaged or gone.

import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test';
import { afterEach, describe, expect, test } from 'vitest';
import type { DamageSpec, DiskJob, JobReport, VaultRpc } from '../../worker/protocol.ts';
import type { Json } from './api.ts';
import { plan } from './crashing-disk.ts';
import { bindings, createVault, DiskDriver, label, OWNER, randomBytes } from './disk-driver.ts';

const BLOCK = 65_536;
const MIB = 1_048_576;
const CALLS_MAX = 60;

afterEach(() => plan(null));

async function backedUp(disk: DiskDriver, vaultId: string): Promise<string> {
  const backupId = crypto.randomUUID();
  await disk.done({ kind: 'backup', vaultId, backupId, full: false, label: label(disk.id) });
  return backupId;
}

async function damage(disk: DiskDriver, spec: Partial<DamageSpec> = {}): Promise<number> {
  const target = { kind: 'all' } as const;
  return (await disk.stub.damage(disk.owner, { target, fault: 'flip', count: 1_000, seed: 1, ...spec })).hit;
}

/** Runs a job that has to succeed; its report. */
async function report(disk: DiskDriver, job: DiskJob): Promise<Json> {
  return (await disk.done(job)).result.report;
}

function vaultOf(id: string): VaultRpc {
  return bindings.VAULT.get(bindings.VAULT.idFromName(id)) as unknown as VaultRpc;
}

/** A disk with a snapshot and newer content, backed up before and after. */
async function filled() {
  const disk = await new DiskDriver().create();
  const vaultId = await createVault();
  const old = randomBytes(2 * MIB);
  await disk.write(0, old);
  await disk.done({ kind: 'createSnapshot', snapshotId: 's' });
  await backedUp(disk, vaultId);
  const bytes = old.slice();
  bytes.set(randomBytes(3 * BLOCK), 5 * BLOCK);
  await disk.write(5 * BLOCK, bytes.slice(5 * BLOCK, 8 * BLOCK));
  const backupId = await backedUp(disk, vaultId);
  await disk.settled();
  return { disk, vaultId, backupId, old, bytes };
}

describe('scrub', () => {
  test('finds nothing on a healthy disk, and says what it looked at', async () => {
    const { disk } = await filled();
    const found = await report(disk, { kind: 'scrub' });
    const objects = (await disk.status())!.objects;
    expect(found).toMatchObject({ damagedPointCount: 0, damagedPoints: [], objects: { lost: 0, flipped: 0 } });
    expect(found.objects.checked).toBeGreaterThan(35);
    expect(found.objects.checked).toBeLessThanOrEqual(objects);
    expect(found.objects.checkedBytes).toBeGreaterThan(2 * MIB);
  });

  test('names ranges of the volume and of its snapshots as a reader meets them', async () => {
    const { disk } = await filled();
    expect(await damage(disk, { target: { kind: 'range', offset: 2 * BLOCK, length: BLOCK } })).toBe(1);
    expect(await damage(disk, { target: { kind: 'range', offset: 6 * BLOCK, length: BLOCK }, fault: 'lose' })).toBe(1);
    const flipped = { offset: 2 * BLOCK, length: BLOCK, why: 'flipped' };
    const lost = { offset: 6 * BLOCK, length: BLOCK, why: 'lost' };
    const { damagedPoints } = await report(disk, { kind: 'scrub' });
    const of = (point: string) => damagedPoints.find((one: Json) => one.point === point)?.ranges;
    expect(of(`volumes/${disk.id}`)).toEqual([flipped, lost]);
    expect(of('snapshots/s')).toEqual([flipped]);
    for (const { offset } of [flipped, lost]) expect((await disk.get(offset, BLOCK)).status).toBe(500);
    expect((await disk.get(6 * BLOCK, BLOCK, 's')).status).toBe(200);
  });

  test('lets guests, snapshots, backups and rollbacks through, and is refused only beside another', async () => {
    const { disk, vaultId, old } = await filled();
    const jobId = crypto.randomUUID();
    const accepted = await disk.stub.run(disk.owner, jobId, { kind: 'scrub' });
    expect(accepted.state).toBe('running');
    const other = await disk.stub.run(disk.owner, crypto.randomUUID(), { kind: 'heal', vaultIds: [vaultId] });
    expect(other).toMatchObject({ state: 'failed', code: 'busy' });
    await disk.write(0, randomBytes(BLOCK));
    await disk.done({ kind: 'rollback', snapshotId: 's' });
    await backedUp(disk, vaultId);
    expect(await disk.read(0, old.length)).toEqual(old);
    const ended = await disk.run({ kind: 'scrub' }, jobId);
    expect(ended).toMatchObject({ state: 'done', result: { report: { damagedPointCount: 0 } } });
  });

  test('goes on after an eviction', async () => {
    const { disk } = await filled();
    const jobId = crypto.randomUUID();
    await disk.stub.run(disk.owner, jobId, { kind: 'scrub' });
    await evictDurableObject(disk.stub);
    const ended = await disk.run({ kind: 'scrub' }, jobId);
    expect(ended).toMatchObject({ state: 'done', result: { report: { damagedPointCount: 0 } } });
  });
});

describe('heal', () => {
  for (const fault of ['flip', 'lose', 'misdirect'] as const) {
    test(`after ${fault} of everything: volume and snapshot are as they were`, async () => {
      const { disk, vaultId, old, bytes } = await filled();
      const empty = await createVault();
      expect(await damage(disk, { fault })).toBeGreaterThan(30);
      const healed = await report(disk, { kind: 'heal', vaultIds: [empty, vaultId] });
      expect(healed.before.damagedPointCount).toBeGreaterThan(0);
      expect(healed.left).toMatchObject({ damagedPointCount: 0, damagedPoints: [] });
      const { objects, fromDisk, fromVaults } = healed.healed;
      expect(fromVaults).toEqual([
        { vaultId: empty, objects: 0, isGone: false },
        { vaultId, objects: objects - fromDisk, isGone: false },
      ]);
      expect(await disk.read(0, bytes.length)).toEqual(bytes);
      expect(await disk.read(0, old.length, 's')).toEqual(old);
      await evictDurableObject(disk.stub);
      expect(await disk.read(0, old.length, 's')).toEqual(old);
    });
  }

  test('names what no vault has', async () => {
    const { disk, vaultId, old } = await filled();
    const late = randomBytes(BLOCK);
    await disk.write(MIB, late);
    await disk.settled();
    await damage(disk, { fault: 'lose' });
    const { left, healed } = await report(disk, { kind: 'heal', vaultIds: [vaultId, crypto.randomUUID()] });
    expect(healed.fromVaults).toMatchObject([{ vaultId, isGone: false }, { isGone: true }]);
    // Nobody has the newest root, and all of the volume is behind it.
    expect(left.damagedPoints).toMatchObject([
      { point: `volumes/${disk.id}`, ranges: [{ offset: 0, length: 2 ** 30, why: 'lost' }] },
    ]);
    expect(await disk.read(0, old.length, 's')).toEqual(old);
    expect((await disk.get(0, BLOCK)).status).toBe(500);
  });

  test('waits for a zone that is down', async () => {
    const { disk, vaultId, bytes } = await filled();
    await damage(disk, { fault: 'lose' });
    const zone = bindings.ZONE.get(bindings.ZONE.idFromName(OWNER.zone));
    const jobId = crypto.randomUUID();
    await disk.stub.run(disk.owner, jobId, { kind: 'heal', vaultIds: [vaultId] });
    await zone.set('down', 0);
    await scheduler.wait(300);
    await zone.set('up', 0);
    const ended = await disk.run({ kind: 'heal', vaultIds: [vaultId] }, jobId);
    expect(ended).toMatchObject({ state: 'done', result: { report: { left: { damagedPointCount: 0 } } } });
    expect(await disk.read(0, bytes.length)).toEqual(bytes);
  });

  test('takes from the next vault what the first has damaged, and the first is told', async () => {
    const { disk, vaultId, bytes } = await filled();
    const second = await createVault();
    await backedUp(disk, second);
    const spec = { target: 'pack', fault: 'lose', count: 100, seed: 2 } as const;
    await vaultOf(vaultId).damage(OWNER.projectId, spec);
    await damage(disk, { fault: 'lose' });
    const { healed, left } = await report(disk, { kind: 'heal', vaultIds: [vaultId, second] });
    expect(left.damagedPoints.map((one: Json) => one.point)).toEqual(['snapshots/s']);
    expect(healed.fromVaults[1].objects).toBeGreaterThan(30);
    expect(await disk.read(0, bytes.length)).toEqual(bytes);
    // The disk is well again, and so is the first vault after its next backup.
    const backupId = await backedUp(disk, vaultId);
    const wire = bindings.VAULT.get(bindings.VAULT.idFromName(vaultId));
    const url = `http://vault/bytes?backup=${backupId}&offset=0&length=${bytes.length}`;
    const answer = await wire.fetch(url, { headers: { 'x-evs-project': OWNER.projectId } });
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(bytes);
  });

  test('a copy in the vault that is damaged too is not taken; the next backup of a good disk replaces it', async () => {
    const { disk, vaultId, bytes } = await filled();
    // Another disk of the same content keeps it well.
    const twin = await new DiskDriver().create();
    await twin.write(0, bytes);
    await backedUp(twin, vaultId);
    await twin.settled();
    expect(
      (await vaultOf(vaultId).damage(OWNER.projectId, { target: 'pack', fault: 'flip', count: 100, seed: 1 })).hit,
    ).toBeGreaterThan(1);
    await damage(disk, { fault: 'lose' });
    const first = await report(disk, { kind: 'heal', vaultIds: [vaultId] });
    expect(first.left.damagedPointCount).toBeGreaterThan(0);
    // What was found bad counts as absent: it is sent again, though the twin has not changed.
    const before = (await bindings.OBS.list()).objects.length;
    await backedUp(twin, vaultId);
    expect((await bindings.OBS.list()).objects.length).toBeGreaterThan(before);
    const again = await report(disk, { kind: 'heal', vaultIds: [vaultId] });
    expect(again.left.damagedPoints.map((one: Json) => one.point)).not.toContain(`volumes/${disk.id}`);
    expect(await disk.read(0, bytes.length)).toEqual(bytes);
  });

  test('a crash at any of its awaits: it begins again and ends well', async () => {
    const { disk, vaultId, bytes } = await filled();
    let crashes = 0;
    for (let call = 0; ; call += 3) {
      expect(call).toBeLessThan(CALLS_MAX);
      const when = call % 2 === 0 ? 'before' : 'after';
      const armed = { callsLeft: call, when, happened: false } as const;
      await damage(disk, { count: 12, seed: call });
      plan({ ...armed });
      const ended = await runThroughCrash(disk, { kind: 'heal', vaultIds: [vaultId] });
      const { crashPlan } = globalThis as { crashPlan?: { happened: boolean } | null };
      const happened = crashPlan?.happened ?? false;
      plan(null);
      expect(ended).toMatchObject({ state: 'done', result: { report: { left: { damagedPointCount: 0 } } } });
      expect(await disk.read(0, bytes.length)).toEqual(bytes);
      if (!happened) break;
      crashes++;
    }
    expect(crashes).toBeGreaterThan(3);
  });
});

/** Asks as a Project does: a broken answer is no answer, so it asks again. */
async function runThroughCrash(disk: DiskDriver, job: DiskJob): Promise<JobReport> {
  const jobId = crypto.randomUUID();
  for (let i = 0; i < 400; i++) {
    try {
      const found = await disk.stub.run(disk.owner, jobId, job);
      if (found.state !== 'running') return found as JobReport;
      await runDurableObjectAlarm(disk.stub);
    } catch {
      // Aborted under the call.
    }
    await scheduler.wait(5);
  }
  throw new Error(`${job.kind} did not end`);
}
