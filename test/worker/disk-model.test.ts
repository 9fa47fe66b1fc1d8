// The reference model again, on a Durable Object's SQLite: fewer runs, the same operations.

import { env, runInDurableObject } from 'cloudflare:test';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SqlDiskStore } from '../../worker/adapters/sql-disk-store.ts';
import { engineHost } from '../../worker/host.ts';
import { opArbitrary, type PlantedBug, runDiskModel } from '../conformance/disk-model.ts';

const ops = fc.array(opArbitrary, { minLength: 1, maxLength: 40, size: 'max' });
const hosts = (env as unknown as { STORE_HOST: DurableObjectNamespace }).STORE_HOST;

/** One run, on an object of its own. */
function property(bug: PlantedBug) {
  return fc.asyncProperty(ops, async (list) => {
    const stub = hosts.get(hosts.newUniqueId());
    await runInDurableObject(stub, async (_, state) => {
      const store = new SqlDiskStore(state.storage);
      store.createTables();
      try {
        runDiskModel(store, engineHost(), list, bug);
      } finally {
        await state.storage.deleteAll();
      }
    });
  });
}

test('any sequence of operations, folds, collections and crashes', { timeout: 120_000 }, async () => {
  await fc.assert(property('none'), { numRuns: 60 });
});

test('catches a planted bug: no-barrier', { timeout: 120_000 }, async () => {
  const result = await fc.check(property('no-barrier'), { numRuns: 500, endOnFailure: true });
  expect(result.failed).toBe(true);
});
