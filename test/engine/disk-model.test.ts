import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryDiskStore } from '../../engine/memory/disk-store.ts';
import { opArbitrary, type PlantedBug, runDiskModel } from '../conformance/disk-model.ts';
import { testHost } from '../support/host.ts';

const host = testHost();
const ops = fc.array(opArbitrary, { minLength: 1, maxLength: 60, size: 'max' });

function property(bug: PlantedBug) {
  return fc.property(ops, (list) => runDiskModel(new MemoryDiskStore(), host, list, bug));
}

describe('disk against plain byte arrays', () => {
  test('any sequence of operations, folds, collections and crashes', { timeout: 240_000 }, () => {
    fc.assert(property('none'), { numRuns: Number(process.env.MODEL_RUNS ?? 2_000) });
  });

  for (const bug of ['no-barrier', 'rollback-without-fold', 'sweep-in-new-incarnation'] as const) {
    test(`catches a planted bug: ${bug}`, { timeout: 120_000 }, () => {
      const result = fc.check(property(bug), { numRuns: 3_000, endOnFailure: true });
      expect(result.failed, `${result.numRuns} runs found nothing`).toBe(true);
    });
  }
});
