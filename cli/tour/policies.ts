// Part four: backups that nobody asks for. A policy makes them when the project's clock says so.

import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from './api.ts';
import { importFile, moment, overwrite } from './bytes.ts';
import { expectSame, type Tour } from './context.ts';

const KEEP = 2;
const DAYS = 3;

/** B4: daily backups, the last two kept. */
export async function automaticBackups(tour: Tour): Promise<void> {
  const { cloud, cleanup, report } = tour;
  const { api } = cloud;
  await report.step(`Let a policy back a disk up daily, and let ${DAYS} days pass`, async () => {
    const disk = await cloud.createDisk({ name: `tour-daily-${tour.tag}`, sizeGib: 1 });
    const file = join(tour.folder, 'daily');
    writeFileSync(file, randomBytes(1_048_576));
    await importFile(api, `volumes/${disk.id}`, file);
    const vaultId = await protect(tour, disk.id);
    const seen = async (): Promise<Json[]> =>
      (await api.ask('GET', `/cbr/v3/{p}/backups?vault_id=${vaultId}&limit=50`)).backups;
    cleanup.add('automatic backups', async () => {
      await api.poll(async () => ((await seen()).some((one) => one.status === 'protecting') ? null : true), 'backups');
    });
    const expected = new Map<string, string>();
    for (let day = 1; day <= DAYS; day++) {
      await api.ask('POST', '/sim/v1/{p}/clock', { advance_seconds: 86_400 });
      const backups = await api.poll(async () => {
        const all = await seen();
        return all.some((one) => one.status === 'protecting') ? null : all;
      }, 'the automatic backup');
      const fresh = backups.filter((one) => !expected.has(one.id));
      report.check('B4', `day ${day}: a backup that nobody asked for`, fresh.length === 1, fresh[0]?.name ?? 'none');
      for (const one of fresh) {
        expected.set(one.id, moment(file, `day${day}`));
        if (!/^autobk_[0-9a-f]{4}$/.test(one.name)) report.check('B4', 'its name is autobk_xxxx', false, one.name);
      }
      await overwrite(api, `volumes/${disk.id}`, file, 3, 4096);
    }
    const kept = await api.poll(async () => {
      const all = await seen();
      return all.length <= KEEP ? all : null;
    }, 'retention');
    report.check('B4', `the last ${KEEP} are kept`, kept.length === KEEP, `${kept.length} of ${DAYS}`);
    for (const one of kept) {
      await expectSame(tour, 'B4', `${one.name} holds its day`, `backups/${one.id}`, expected.get(one.id) ?? file);
    }
  });
}

/** A vault with the disk in it, under a policy; removed with everything in it at the end. */
async function protect(tour: Tour, volumeId: string): Promise<string> {
  const { cloud, cleanup } = tour;
  const { api } = cloud;
  const { policy } = await api.ask('POST', '/cbr/v3/{p}/policies', {
    policy: {
      name: `tour-${tour.tag}`,
      operation_type: 'backup',
      operation_definition: { max_backups: KEEP },
      trigger: { properties: { pattern: ['FREQ=DAILY;BYHOUR=3;BYMINUTE=00'] } },
    },
  });
  cleanup.add('policy', () => api.ask('DELETE', `/cbr/v3/{p}/policies/${policy.id}`));
  const { vault } = await api.ask('POST', '/cbr/v3/{p}/vaults', {
    vault: {
      name: `tour-${tour.tag}`,
      billing: { size: 10, object_type: 'disk', protect_type: 'backup' },
      resources: [{ id: volumeId, type: 'OS::Cinder::Volume' }],
      backup_policy_id: policy.id,
    },
  });
  const path = `/cbr/v3/{p}/vaults/${vault.id}`;
  cleanup.add('vault', async () => {
    await api.ask('DELETE', path);
    await api.waitGone(path);
  });
  return vault.id;
}
