// The ground of the repository's model in Node: everything in memory, one macrotask as the end of all that can run.

import { createHash } from 'node:crypto';
import { MemoryObs } from '../../engine/memory/obs.ts';
import { Trees } from '../conformance/repository-content.ts';
import { runRepositoryModel } from '../conformance/repository-model.ts';
import { type Op, operationsOf } from '../conformance/repository-ops.ts';
import type { WorldPorts } from '../conformance/repository-world.ts';
import { testHost } from './host.ts';
import { shrink } from './repository-search.ts';

export const OPERATIONS = 120;

const host = testHost();
const trees = new Trees(host);

export function memoryPorts(): WorldPorts {
  const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest());
  const obs = new MemoryObs({ sha256, pageKeys: 5 });
  return {
    host,
    obs,
    tamper: async (key, edit) => {
      obs.tamper(key, edit);
    },
    sha256: async (bytes) => sha256(bytes),
    idle: () => new Promise((done) => setImmediate(done)),
  };
}

export async function runSeed(seed: number, operations = OPERATIONS) {
  return runRepositoryModel(memoryPorts(), trees, operationsOf(seed, operations));
}

/** null, or what failed and the shortest operations that still fail. */
export async function findFailure(
  seed: number,
  operations = OPERATIONS,
): Promise<{ error: unknown; ops: readonly Op[] } | null> {
  const fails = (ops: readonly Op[]) =>
    runRepositoryModel(memoryPorts(), trees, ops).then(
      () => null,
      (error: unknown) => ({ error }),
    );
  const ops = operationsOf(seed, operations);
  const failure = await fails(ops);
  if (failure === null) return null;
  return { error: failure.error, ops: await shrink(ops, async (shorter) => (await fails(shorter)) !== null) };
}
