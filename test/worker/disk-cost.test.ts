// Rows as the platform counts them, on a Durable Object's SQLite.

import { env, runInDurableObject } from 'cloudflare:test';
import { expect, test } from 'vitest';
import { SqlDiskStore } from '../../worker/adapters/sql-disk-store.ts';
import { engineHost } from '../../worker/host.ts';
import { ALLOCATED_BYTES, type RowCosts, rowCosts } from '../conformance/disk-cost.ts';

const hosts = (env as unknown as { STORE_HOST: DurableObjectNamespace }).STORE_HOST;

test('rows written by snapshot and rollback are equal at 1 MiB, 64 MiB and 1 GiB allocated', {
  timeout: 240_000,
}, async () => {
  const measured: RowCosts[] = [];
  for (const allocatedBytes of ALLOCATED_BYTES) {
    await runInDurableObject(hosts.get(hosts.newUniqueId()), async (_, state) => {
      const store = new SqlDiskStore(state.storage);
      store.createTables();
      measured.push(rowCosts(store, engineHost(), allocatedBytes));
      await state.storage.deleteAll();
    });
  }
  expect(measured[1]).toEqual(measured[0]);
  expect(measured[2]).toEqual(measured[0]);
  expect(measured[0]!.snapshot).toBe(1);
});
