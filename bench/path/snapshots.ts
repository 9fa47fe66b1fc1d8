// Snapshot, rollback, clone and delta on disks of three sizes with the same change: what they take must follow the change,
// not what is allocated.

import type { MeterCounts } from '../../engine/cost.ts';
import { caseResult, counted, timed } from '../statistics.ts';
import type { CaseResult } from '../types.ts';
import { type PathContext, Samples } from './context.ts';
import { type FilledDisk, filledDisks, sizes } from './sizes.ts';
import { costBetween, operationCost, type Spent, Volume } from './volumes.ts';
import { hear } from './wire.ts';

/** Blocks that change before each operation. */
const CHANGED_BLOCKS = 16;
const DELTA_BLOCKS = 256;

/** One operation on one disk, in one round; what comes before and after is not in what it resolves to. */
type Operation = (disk: FilledDisk, round: number) => Promise<Spent>;

/** `snapshot`: of a disk whose last changes are still in the log. */
export async function snapshots(context: PathContext): Promise<CaseResult> {
  return await bySize(
    context,
    'snapshot',
    'Snapshot after a change of 16 blocks',
    async ({ volume, change }, round) => {
      await volume.settled();
      await change(changedBlocks(context, CHANGED_BLOCKS), 'same', round);
      let id = '';
      const spent = await volume.spent(async () => {
        id = await volume.snapshot();
      });
      await volume.deleteSnapshot(id);
      return spent;
    },
  );
}

/** `rollback`: to a snapshot from before a change. */
export async function rollbacks(context: PathContext): Promise<CaseResult> {
  return await bySize(context, 'rollback', 'Rollback over a change of 16 blocks', async ({ volume, change }, round) => {
    const id = await volume.snapshot();
    await volume.settled();
    await change(changedBlocks(context, CHANGED_BLOCKS), 'same', round);
    const spent = await volume.spent(() => volume.rollback(id));
    await volume.deleteSnapshot(id);
    return spent;
  });
}

/**
 * `clone`: a new disk from a snapshot, until it can be used. What it copies afterwards is in no measure: the counts are
 * those of the operation, and the clone is deleted at once.
 */
export async function clones(context: PathContext): Promise<CaseResult> {
  const { service } = context;
  return await bySize(context, 'clone', 'New disk from a snapshot, until it is available', async ({ volume }) => {
    const snapshotId = await volume.snapshot();
    await volume.settled();
    const before = await operationCost(service, 'createVolume');
    const startedMs = performance.now();
    const clone = await Volume.create(service, { snapshot_id: snapshotId });
    const ms = performance.now() - startedMs;
    const cost = costBetween(before, await operationCost(service, 'createVolume'));
    await clone.delete();
    await volume.deleteSnapshot(snapshotId);
    return { ms, cost };
  });
}

/** `delta`: the whole list of blocks in which two snapshots differ. Both are sealed before. */
export async function deltas(context: PathContext): Promise<CaseResult> {
  const blocks = changedBlocks(context, DELTA_BLOCKS);
  return await bySize(context, 'delta', 'List of 256 changed blocks', async ({ volume, change }, round) => {
    const before = await volume.snapshot();
    await change(blocks, 'spread', round);
    const after = await volume.snapshot();
    await volume.settled();
    let listed = 0;
    const spent = await volume.spent(async () => {
      listed = await volume.countChanges(before, after);
    });
    if (listed !== blocks) throw new Error(`${listed} blocks were listed; ${blocks} had changed`);
    await volume.deleteSnapshot(before);
    await volume.deleteSnapshot(after);
    return spent;
  });
}

/** A tiny disk has fewer blocks than the change that is meant. */
function changedBlocks({ tiny }: PathContext, blocks: number): number {
  return tiny ? 4 : blocks;
}

async function bySize(context: PathContext, id: string, title: string, operation: Operation): Promise<CaseResult> {
  const { rounds, tiny, progress } = context;
  const disks = await filledDisks(context);
  const samples = new Samples();
  for (let round = tiny ? 1 : 0; round <= rounds; round++) {
    for (let turn = 0; turn < disks.length; turn++) {
      const disk = disks[(turn + round) % disks.length]!;
      await hear();
      const { ms, cost } = await operation(disk, round);
      progress(`round ${round} of ${rounds}  ${id} at ${disk.id}: ${ms.toFixed(1)} ms, ${wordsOf(cost)}`);
      if (round === 0) continue;
      samples.add(`ms-${disk.id}`, ms);
      samples.add(`rows-${disk.id}`, cost.rowsWritten);
      samples.add(`rows-read-${disk.id}`, cost.rowsRead);
      samples.add(`requests-${disk.id}`, cost.obsClassA + cost.obsClassB + cost.objectRequests);
    }
  }
  for (const { volume } of disks) await volume.delete();
  const each = (make: (id: string, size: string) => ReturnType<typeof timed>) =>
    sizes(tiny).map(({ id: size }) => make(size, `${size} allocated`));
  const all = (what: string) => (size: string) => samples.of(`${what}-${size}`);
  return caseResult({ id, suite: 'path', runtime: 'service', title, compared: false }, [
    ...each((size, words) => timed(`ms-${size}`, words, all('ms')(size))),
    ...each((size, words) => counted(`rows-${size}`, `rows written, ${words}`, 'rows', all('rows')(size))),
    ...each((size, words) => counted(`rows-read-${size}`, `rows read, ${words}`, 'rows', all('rows-read')(size))),
    ...each((size, words) =>
      counted(`requests-${size}`, `R2 operations and object requests, ${words}`, 'requests', all('requests')(size)),
    ),
  ]);
}

function wordsOf({ rowsRead, rowsWritten, obsClassA, obsClassB, objectRequests }: MeterCounts): string {
  return `${rowsWritten} rows written, ${rowsRead} read, R2 ${obsClassA} A ${obsClassB} B, ${objectRequests} object requests`;
}
