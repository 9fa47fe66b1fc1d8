// Operations of vaults through the API: begun, watched, read, refused; prune, check and copy on real bytes in R2.

import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { describe, expect, test } from 'vitest';
import { VaultKeys } from '../../engine/repository/keys.ts';
import { Kind } from '../../engine/types.ts';
import { vaultClient } from '../../worker/vault/client.ts';
import type { Api, Json } from './api.ts';
import { bindings, randomBytes } from './disk-driver.ts';
import { Tenant } from './openapi/tenant.ts';

const MIB = 1_048_576;

/** A project with a disk of 2 MiB of random bytes that was backed up twice, with half of it changed in between. */
class Scene {
  readonly api: Api;
  readonly vaultId: string;
  readonly volumeId: string;
  readonly backups: readonly string[];
  readonly contents: readonly Uint8Array[];

  private constructor(api: Api, vaultId: string, volumeId: string, backups: string[], contents: Uint8Array[]) {
    this.api = api;
    this.vaultId = vaultId;
    this.volumeId = volumeId;
    this.backups = backups;
    this.contents = contents;
  }

  static async make(): Promise<Scene> {
    const { api } = await Tenant.fresh();
    const { id } = await api.createVolume();
    const backups: string[] = [];
    const contents: Uint8Array[] = [];
    for (const [offset, bytes] of [
      [0, 2 * MIB],
      [MIB, MIB],
    ] as const) {
      await api.write(id, offset, randomBytes(bytes));
      backups.push((await api.createBackup(id)).id);
      contents.push(await api.read(`volumes/${id}`, 2 * MIB));
    }
    const { vaults } = await api.ask('GET', '/cbr/v3/{p}/vaults');
    return new Scene(api, vaults[0].id, id, backups, contents);
  }

  begin(kind: string, body: unknown = {}): Promise<{ status: number; text: string }> {
    return this.api.answer('POST', `/data/v1/{p}/vaults/${this.vaultId}/${kind}`, body);
  }

  /** Begins an operation that is taken, and waits for its end. */
  async run(kind: string, body: unknown = {}): Promise<Json> {
    const { status, text } = await this.begin(kind, body);
    expect({ status, text }).toMatchObject({ status: 202 });
    return this.ended(JSON.parse(text).operation.id);
  }

  async ended(id: string): Promise<Json> {
    return this.api.until(`operation ${id}`, async () => {
      const { operation } = await this.api.ask('GET', `/data/v1/{p}/operations/${id}`);
      return operation.state === 'running' ? null : operation;
    });
  }

  /** Keys and sizes of the vault's packs. */
  async packs(vaultId = this.vaultId): Promise<Map<string, number>> {
    const prefix = `evs1/${this.api.projectId}/${vaultId}/`;
    const { objects } = await bindings.OBS.list({ prefix });
    const packs = objects.filter(({ key }) => /\/(blocks|pages)\//.test(key));
    return new Map(packs.map(({ key, size }) => [key, size]));
  }

  async expectBackup(backupId: string, content: Uint8Array): Promise<void> {
    const found = await this.api.read(`backups/${backupId}`, content.length);
    expect(found.findIndex((byte, i) => byte !== content[i])).toBe(-1);
  }

  get stub() {
    return bindings.VAULT.get(bindings.VAULT.idFromName(this.vaultId));
  }
}

const sum = (sizes: Map<string, number>) => [...sizes.values()].reduce((a, b) => a + b, 0);

describe('prune', () => {
  test('says what it would do, does it, and every backup that is left restores', async () => {
    const scene = await Scene.make();
    await scene.api.deleteBackup(scene.backups[0]!);
    const before = await scene.packs();
    const dry = await scene.run('prune', { thresholdPercent: 0, dryRun: true });
    expect(dry).toMatchObject({ kind: 'prune', state: 'done', vaultId: scene.vaultId, error: null });
    expect(await scene.packs()).toEqual(before);
    const { plan } = dry.report;
    // 16 blocks and a path of four pages are no longer needed.
    expect(plan).toMatchObject({ deadObjects: 16 + 4, repack: { count: 1 }, remove: { count: 1 } });
    const done = await scene.run('prune', { thresholdPercent: 0 });
    expect(done.report).toMatchObject({ plan, done: { packsDeleted: 2, packsUnreadable: { count: 0 } } });
    expect(done.cost.obsDeletes).toBe(plan.operations.deletes);
    expect(done.progress.doneBytes).toBe(done.progress.totalBytes);
    expect(Math.abs(sum(before) - plan.wonBytes - sum(await scene.packs()))).toBeLessThan(1_000);
    await scene.expectBackup(scene.backups[1]!, scene.contents[1]!);
    const { volume } = await scene.api.ask('POST', '/evs/v3/{p}/volumes', {
      volume: { size: 1, backup_id: scene.backups[1] },
    });
    await scene.api.volume(volume.id);
    expect(await scene.api.read(`volumes/${volume.id}`, 2 * MIB)).toEqual(scene.contents[1]);
  });

  test('goes on after the vault was evicted, at every moment that it can be', async () => {
    const scene = await Scene.make();
    await scene.api.deleteBackup(scene.backups[0]!);
    const { text } = await scene.begin('prune', { thresholdPercent: 0 });
    for (let i = 0; i < 4; i++) {
      await evictDurableObject(scene.stub).catch(() => undefined);
      await scheduler.wait(3);
    }
    expect(await scene.ended(JSON.parse(text).operation.id)).toMatchObject({ state: 'done' });
    await scene.expectBackup(scene.backups[1]!, scene.contents[1]!);
    expect((await scene.run('prune', { thresholdPercent: 0, dryRun: true })).report.plan.deadObjects).toBe(0);
  });

  test('drops a lease that its disk does not hold, and keeps one that it does', async () => {
    const scene = await Scene.make();
    const [first] = scene.backups;
    const client = vaultClient(bindings, scene.api.projectId, scene.vaultId);
    await client.lease('nobody', first!, crypto.randomUUID());
    await client.lease('released', first!, scene.volumeId);
    await client.lease('held', first!, scene.volumeId);
    await runInDurableObject(bindings.DISK.get(bindings.DISK.idFromName(scene.volumeId)), (_disk, state) => {
      const locator = JSON.stringify({ kind: 'vault', vaultId: scene.vaultId, logicalBytes: 0 });
      state.storage.sql.exec("INSERT INTO held(id, locator) VALUES ('held', ?)", locator);
    });
    await scene.api.deleteBackup(first!);
    const { report } = await scene.run('prune', { thresholdPercent: 0 });
    expect(report).toMatchObject({ plan: { deadObjects: 0 }, done: { leasesDropped: 2, disksSilent: 0 } });
  });

  test('asks a disk whose zone is down in vain, and keeps what it may hold', async () => {
    const scene = await Scene.make();
    const client = vaultClient(bindings, scene.api.projectId, scene.vaultId);
    await client.lease('lost', scene.backups[0]!, scene.volumeId);
    await scene.api.setZone('eu-de-01', 'down');
    try {
      const { report } = await scene.run('prune', {});
      expect(report.done).toMatchObject({ leasesDropped: 0, disksSilent: 1 });
    } finally {
      await scene.api.setZone('eu-de-01', 'up');
    }
    expect((await scene.run('prune', {})).report.done).toMatchObject({ leasesDropped: 1, disksSilent: 0 });
  });
});

describe('check', () => {
  test('names what is damaged, and nothing in a vault that is whole', async () => {
    const scene = await Scene.make();
    const whole = await scene.run('check', { mode: 'bytes' });
    expect(whole.report).toMatchObject({ backups: 2, damagedPacks: { count: 0 }, damagedBackups: { count: 0 } });
    const [key] = [...(await scene.packs()).keys()].filter((name) => name.includes('/blocks/'));
    const bytes = new Uint8Array(await (await bindings.OBS.get(key!))!.arrayBuffer());
    bytes[200]! ^= 1;
    await bindings.OBS.put(key!, bytes);
    expect((await scene.run('check')).report.damagedBackups.count).toBe(0);
    const { report, state } = await scene.run('check', { mode: 'bytes' });
    expect(state).toBe('done');
    expect(report.damagedPacks).toEqual({ count: 1, first: [{ key, problem: 'objects', badObjects: 1 }] });
    expect(report.damagedBackups.count).toBeGreaterThan(0);
    const [damaged] = report.damagedBackups.first;
    expect(damaged).toMatchObject({ lostBytes: 65_536, objectsLost: 1 });
    const [{ offset, length }] = damaged.ranges;
    const headers = { Range: `bytes=${offset}-${offset + length - 1}` };
    const read = await scene.api.send('GET', `/data/v1/{p}/backups/${damaged.backupId}`, undefined, headers);
    expect([read.status, (await read.json<Json>()).error.ranges]).toEqual([500, [{ offset, length }]]);
  });
});

describe('copy', () => {
  test('into another vault: whole, by what is missing, and alone', async () => {
    const scene = await Scene.make();
    const { api, backups, contents } = scene;
    const toVaultId = await vaultNamed(api, 'elsewhere');
    const one = await scene.run('copy', { toVaultId, backupIds: [backups[0]] });
    expect(one).toMatchObject({ state: 'done', toVaultId, report: { copied: 1, sentObjects: 32 + 4 } });
    const rest = await scene.run('copy', { toVaultId });
    expect(rest.report).toMatchObject({ copied: 1, sentObjects: 16 + 4, failed: { count: 0 } });
    const { status, text } = await scene.begin('copy', { toVaultId });
    expect({ status, text }).toMatchObject({ status: 400, text: expect.stringMatching(/no backup/) });
    const listed = (await api.ask('GET', '/cbr/v3/{p}/backups')).backups as Json[];
    const copies = listed.filter((backup) => backup.vault_id === toVaultId);
    expect(copies.map((copy) => [copy.status, copy.resource_id])).toEqual([
      ['available', scene.volumeId],
      ['available', scene.volumeId],
    ]);
    await api.ask('DELETE', `/cbr/v3/{p}/vaults/${scene.vaultId}`);
    await api.gone(`/cbr/v3/{p}/vaults/${scene.vaultId}`);
    expect((await scene.packs()).size).toBe(0);
    const found = await Promise.all(copies.map((copy) => api.read(`backups/${copy.id}`, 2 * MIB)));
    expect(contents.every((content) => found.some((bytes) => bytes.every((byte, i) => byte === content[i])))).toBe(
      true,
    );
    await api.restore(copies[0].id, scene.volumeId);
  });

  test('is no work of the disk, which may be deleted meanwhile', async () => {
    const scene = await Scene.make();
    const { api, volumeId, contents } = scene;
    const toVaultId = await vaultNamed(api, 'elsewhere');
    const copying = await scene.begin('copy', { toVaultId });
    const deleting = await api.answer('DELETE', `/evs/v2/{p}/cloudvolumes/${volumeId}`);
    expect([copying.status, deleting.status]).toEqual([202, 200]);
    await api.gone(`/evs/v2/{p}/cloudvolumes/${volumeId}`);
    const { state, report } = await scene.ended(JSON.parse(copying.text).operation.id);
    expect([state, report.copied]).toEqual(['done', 2]);
    const listed = (await api.ask('GET', '/cbr/v3/{p}/backups')).backups as Json[];
    const copies = listed.filter((backup) => backup.vault_id === toVaultId);
    const found = await Promise.all(copies.map((copy) => api.read(`backups/${copy.id}`, 2 * MIB)));
    expect(contents.every((content) => found.some((bytes) => bytes.every((byte, i) => byte === content[i])))).toBe(
      true,
    );
  });

  test('that cannot be made says so, and leaves no backup that looks whole', async () => {
    const scene = await Scene.make();
    const toVaultId = await vaultNamed(scene.api, 'elsewhere');
    for (const [key] of await scene.packs()) await bindings.OBS.delete(key);
    const { state, report } = await scene.run('copy', { toVaultId });
    expect([state, report.copied, report.failed.count]).toEqual(['done', 0, 2]);
    const listed = (await scene.api.ask('GET', '/cbr/v3/{p}/backups')).backups as Json[];
    expect(listed.filter((backup) => backup.vault_id === toVaultId).map(({ status }) => status)).toEqual([
      'error',
      'error',
    ]);
    expect((await scene.begin('copy', { toVaultId: scene.vaultId })).status).toBe(400);
    expect((await scene.begin('copy', { toVaultId: crypto.randomUUID() })).status).toBe(404);
  });
});

test('what lands in object storage after its vault was deleted goes a week later', async () => {
  const { api, vaultId } = await Scene.make();
  const path = `/cbr/v3/{p}/vaults/${vaultId}`;
  await api.ask('DELETE', path);
  await api.gone(path);
  const keys = new VaultKeys(api.projectId, vaultId);
  const late = keys.pack(1, Kind.block, crypto.randomUUID());
  await bindings.OBS.put(late, randomBytes(100));
  const stub = bindings.PROJECT.get(bindings.PROJECT.idFromName(api.projectId));
  const sweep = async () => {
    await runInDurableObject(stub, (_, { storage }) => {
      storage.sql.exec("UPDATE job SET body = json_set(body, '$.endedRealMs', 1) WHERE body ->> 'state' = 'over'");
      storage.sql.exec("UPDATE due SET due_ms = 1 WHERE key = 'sweep'");
      return storage.setAlarm(Date.now() + 60_000);
    });
    await runDurableObjectAlarm(stub);
  };
  await api.until('the deletion to be over, and looked after', async () => {
    await sweep();
    return (await bindings.OBS.head(late)) === null ? true : null;
  });
  expect(await bindings.OBS.head(keys.closed())).not.toBeNull();
  // It was the last time.
  const jobs = () => runInDurableObject(stub, (_, { storage }) => storage.sql.exec('SELECT id FROM job').toArray());
  await api.until('nothing to be left', async () => {
    await sweep();
    return (await jobs()).length === 0 ? true : null;
  });
});

test('disks with the same content that are backed up at once store it once', async () => {
  const { api } = await Tenant.fresh();
  const bytes = randomBytes(4 * MIB);
  const ids = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const { id } = await api.createVolume();
      await api.write(id, 0, bytes);
      return id;
    }),
  );
  const backups = await Promise.all(ids.map((id) => api.createBackup(id)));
  const { objects } = await bindings.OBS.list({ prefix: `evs1/${api.projectId}/` });
  const stored = objects.filter(({ key }) => key.includes('/blocks/')).reduce((total, { size }) => total + size, 0);
  expect(stored).toBeLessThan(1.05 * bytes.length);
  for (const { id } of backups) expect(await api.read(`backups/${id}`, bytes.length)).toEqual(bytes);
});

describe('operations', () => {
  test('are begun once by their id, one at a time, and listed without their reports', async () => {
    const scene = await Scene.make();
    const id = crypto.randomUUID();
    const answers = await Promise.all([
      scene.begin('check', { id }),
      scene.begin('check', { id }),
      scene.begin('prune', {}),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 409]);
    expect(answers[2]!.text).toMatch(new RegExp(`Operation ${id} \\(check\\) is running`));
    expect(answers[0]!.text).toContain(id);
    const ended = await scene.ended(id);
    expect(ended).toMatchObject({ id, kind: 'check', state: 'done', report: { backups: 2 } });
    // Again, later: the same one. As another kind: refused.
    expect(JSON.parse((await scene.begin('check', { id })).text).operation).toEqual(ended);
    expect((await scene.begin('prune', { id })).status).toBe(409);
    const other = await scene.run('prune', { dryRun: true });
    const list = (query = '') => scene.api.ask('GET', `/data/v1/{p}/operations${query}`);
    const { operations, next } = await list();
    expect(operations.map((one: Json) => [one.id, one.report])).toEqual([
      [other.id, null],
      [id, null],
    ]);
    expect(next).toBeNull();
    const first = await list('?limit=1');
    expect([first.operations[0].id, first.next]).toEqual([other.id, other.id]);
    expect((await list(`?limit=1&marker=${first.next}`)).operations[0].id).toBe(id);
    expect((await list('?kind=check&state=done')).operations).toHaveLength(1);
    expect((await list(`?vaultId=${crypto.randomUUID()}`)).operations).toEqual([]);
  });

  test('on a vault that was rebuilt elsewhere fail at once, and say why', async () => {
    const scene = await Scene.make();
    const keys = new VaultKeys(scene.api.projectId, scene.vaultId);
    await bindings.OBS.put(keys.generation(2), new Uint8Array(1));
    for (const kind of ['prune', 'check']) {
      const { state, error } = await scene.run(kind);
      expect([state, error]).toMatchObject(['failed', { message: expect.stringMatching(/rebuilt/) }]);
    }
  });

  test('are nobody else’s, and refuse what makes no sense', async () => {
    const scene = await Scene.make();
    const { id } = await scene.run('check');
    const stranger = (await Tenant.fresh()).api;
    expect((await stranger.answer('GET', `/data/v1/{p}/operations/${id}`)).status).toBe(404);
    expect((await stranger.answer('POST', `/data/v1/{p}/vaults/${scene.vaultId}/prune`, {})).status).toBe(404);
    for (const [kind, body] of [
      ['prune', { thresholdPercent: 101 }],
      ['prune', { id: 'x' }],
      ['check', { mode: 'quick' }],
      ['copy', {}],
    ] as const) {
      expect((await scene.begin(kind, body)).status).toBe(400);
    }
    expect((await scene.api.answer('GET', `/data/v1/{p}/operations/${crypto.randomUUID()}`)).status).toBe(404);
  });

  test('keep their vault from being deleted until they have ended', async () => {
    const scene = await Scene.make();
    const { text } = await scene.begin('prune', {});
    const path = `/cbr/v3/{p}/vaults/${scene.vaultId}`;
    const answer = await scene.api.answer('DELETE', path);
    // It may have ended in between.
    if (answer.status !== 204) expect(answer).toMatchObject({ status: 409, text: expect.stringMatching(/is running/) });
    await scene.ended(JSON.parse(text).operation.id);
    if (answer.status !== 204) await scene.api.ask('DELETE', path);
    await scene.api.gone(path);
    expect((await scene.packs()).size).toBe(0);
  });
});

async function vaultNamed(api: Api, name: string): Promise<string> {
  const billing = { size: 100, object_type: 'disk', protect_type: 'backup', consistent_level: 'crash_consistent' };
  const { vault } = await api.ask('POST', '/cbr/v3/{p}/vaults', { vault: { name, billing, resources: [] } });
  return vault.id;
}
