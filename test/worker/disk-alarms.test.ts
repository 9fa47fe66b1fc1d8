// Alarms as the platform may ring them: twice at once while a long job runs, and again when there is nothing left to do.

import { runInDurableObject } from 'cloudflare:test';
import { expect, test } from 'vitest';
import { createVault, DiskDriver, label, randomBytes } from './disk-driver.ts';

const CONTENT = 24 * 65_536;

/** Rings the disk's alarm `times` times at once, and waits for all. */
async function ring(disk: DiskDriver, times: number): Promise<void> {
  await runInDurableObject(disk.stub, async (object) => {
    await Promise.all(Array.from({ length: times }, () => object.alarm()));
  });
}

test('an alarm that rings twice makes one backup, and one that rings afterwards changes nothing', async () => {
  const vaultId = await createVault();
  const disk = await new DiskDriver().create();
  const bytes = randomBytes(CONTENT);
  await disk.write(0, bytes);
  const backupId = crypto.randomUUID();
  const jobId = crypto.randomUUID();
  const job = { kind: 'backup', vaultId, backupId, full: false, label: label(disk.id) } as const;
  expect((await disk.stub.run(disk.owner, jobId, job)).state).toBe('running');
  await ring(disk, 2);
  const first = await disk.done(job, jobId);
  await ring(disk, 2);
  expect(await disk.done(job, jobId)).toEqual(first);
  // One backup's objects: had two runs sent them, the vault would hold more than the disk has.
  expect(first.result.backup).toMatchObject({ logicalBytes: CONTENT, changedBytes: CONTENT, knownBytes: 0 });
  const restored = new DiskDriver();
  await restored.done({ kind: 'create', sizeBytes: 2 ** 30, source: { kind: 'backup', vaultId, backupId } });
  expect(await restored.read(0, CONTENT)).toEqual(bytes);
});
