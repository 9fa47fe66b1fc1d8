// Sharing in the control plane: what two projects tell each other arrives, whoever dies on the way, and in its order.

import { describe, expect, test } from 'vitest';
import type { Caller } from '../../worker/project/contract.ts';
import { Bench, must, mustRefuse, until } from './fakes/bench.ts';

const VAULT = {
  name: 'v',
  sizeGib: 10,
  objectType: 'disk',
  protectType: 'backup',
  consistentLevel: 'crash_consistent',
  resources: [],
};

/** A backup, and the two projects between which it is to be shared. */
async function pair() {
  const [giver, taker] = [new Bench(), new Bench()];
  const { id } = await giver.backup((await giver.volume()).id);
  return { giver, taker, id };
}

type Pair = Awaited<ReturnType<typeof pair>>;

const share = async ({ giver, taker, id }: Pair) =>
  must(await giver.project.shareBackup(giver.caller, id, [taker.projectId], 'cbr'))[0]!;

/** What the taker was given, by the ids of the sharings. */
const received = async ({ taker }: Pair) =>
  must(await taker.project.listSharings(taker.caller, { direction: 'received' })).items.map((one) => one.id);

async function accept({ taker, id }: Pair): Promise<void> {
  const vault = must(await taker.project.createVault(taker.caller, VAULT));
  must(await taker.project.answerShare(taker.caller, id, { status: 'accepted', vaultId: vault.id }));
}

describe('what is told', () => {
  test('arrives although the giver dies at once', async () => {
    const both = await pair();
    const { id } = await share(both);
    await both.giver.crash();
    await both.giver.alarm();
    await until(
      () => received(both),
      (ids) => ids.includes(id),
    );
  });

  test('arrives in its order: offered, taken back and offered again', async () => {
    const both = await pair();
    const { giver, taker, id } = both;
    for (let round = 0; round < 4; round++) {
      await share(both);
      must(await giver.project.unshareBackup(giver.caller, id, taker.projectId));
    }
    const last = await share(both);
    await until(
      () => received(both),
      (ids) => ids.join() === last.id,
    );
    // Nothing that was sent before comes after it.
    await until(
      async () => (await giver.sql("SELECT 1 FROM due WHERE key LIKE 'job:%'")).length,
      (running) => running === 0,
    );
    expect(await received(both)).toEqual([last.id]);
  });

  test('of an answer arrives although the taker dies at once', async () => {
    const both = await pair();
    const { giver, taker, id } = both;
    await share(both);
    await until(
      () => received(both),
      (ids) => ids.length === 1,
    );
    await accept(both);
    await taker.crash();
    await taker.alarm();
    await until(
      async () => must(await giver.project.sharingsOf(giver.caller, id))[0]?.status,
      (status) => status === 'accepted',
    );
  });
});

test('what was accepted is for the taker alone: no quota, no copy, none for administrators who look for the original', async () => {
  const both = await pair();
  const { taker, id } = both;
  await share(both);
  await until(
    () => received(both),
    (ids) => ids.length === 1,
  );
  mustRefuse(await taker.project.getBackup(taker.caller, id), 'backup-not-found');
  await accept(both);
  const [copy] = must(await taker.project.listBackups(taker.caller, { ownType: 'shared' })).items;
  expect(copy).toMatchObject({ id, projectId: both.giver.projectId, storedBytes: 0 });
  const visitor: Caller = { ...taker.caller, roles: ['admin'], homeProjectId: 'elsewhere' };
  mustRefuse(await taker.project.getBackup(visitor, id), 'backup-not-found');
  mustRefuse(await taker.project.deleteBackup(visitor, id, { force: true }), 'backup-not-found');
  expect(must(await taker.project.listBackups(visitor, {})).total).toBe(0);
  const quotas = must(await taker.project.quotas(taker.caller));
  expect([quotas.backups!.inUse, quotas.backup_gigabytes!.inUse]).toEqual([0, 0]);
  const other = must(await taker.project.createVault(taker.caller, VAULT));
  const input = { toVaultId: other.id, backupIds: [id] };
  mustRefuse(await taker.project.copyVault(taker.caller, copy!.vaultId, input), 'backup-not-found');
});

test('a vault without room takes nothing that is shared', async () => {
  const both = await pair();
  const { giver, taker, id } = both;
  await giver.sql(`UPDATE backup SET body = json_set(body, '$.logicalBytes', ${11 * 2 ** 30}) WHERE id = '${id}'`);
  await share(both);
  await until(
    () => received(both),
    (ids) => ids.length === 1,
  );
  const vault = must(await taker.project.createVault(taker.caller, VAULT));
  const yes = { status: 'accepted', vaultId: vault.id } as const;
  mustRefuse(await taker.project.answerShare(taker.caller, id, yes), 'vault-full');
  must(await taker.project.updateVault(taker.caller, vault.id, { sizeGib: 11 }));
  must(await taker.project.answerShare(taker.caller, id, yes));
});
