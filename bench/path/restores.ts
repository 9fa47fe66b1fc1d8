// A new disk from a backup: until the first read is answered, and until nothing is left in the vault only.

import { caseResult, counted, timed } from '../statistics.ts';
import type { CaseResult, Measure } from '../types.ts';
import { BLOCK_BYTES, incompressible, KIB, MIB } from './content.ts';
import { type PathContext, Samples } from './context.ts';
import { type Size, sizes } from './sizes.ts';
import { atRandom } from './transfers.ts';
import { Volume } from './volumes.ts';

/** A restore of 2 GiB takes half a minute: more rounds would tell no more. */
const ROUNDS_MAX = 3;

/** `restore`: of incompressible data, so that all its bytes have to come. */
export async function restores(context: PathContext): Promise<CaseResult> {
  const { service, tiny, progress } = context;
  const rounds = Math.min(context.rounds, ROUNDS_MAX);
  const samples = new Samples();
  for (const size of sizes(tiny)) {
    progress(`filling and backing up ${size.id}`);
    const volume = await Volume.create(service);
    await volume.fill(incompressible(), size.bytes);
    await volume.settled();
    const backupId = await volume.backup();
    await volume.delete();
    for (let round = 1; round <= rounds; round++) await restore(context, size, backupId, round, samples);
    await volume.deleteBackup(backupId);
  }
  const measures = (make: (size: Size) => Measure) => sizes(tiny).map(make);
  const of = (what: string, { id }: Size) => samples.of(`${what}-${id}`);
  return caseResult({ id: 'restore', suite: 'path', runtime: 'service', title: 'New disk from a backup' }, [
    ...measures((s) => timed(`ms-first-byte-${s.id}`, `first 4 KiB read, ${s.id}`, of('ms-first-byte', s))),
    ...measures((s) =>
      timed(`ms-local-${s.id}`, `all bytes local, ${s.id}`, of('ms-local', s), { amount: s.bytes, of: 'bytes' }),
    ),
    ...measures((s) =>
      counted(
        `reads-first-byte-${s.id}`,
        `R2 reads until the first read, ${s.id}`,
        'requests',
        of('reads-first-byte', s),
      ),
    ),
    ...measures((s) =>
      counted(`reads-local-${s.id}`, `R2 reads until all bytes are local, ${s.id}`, 'requests', of('reads-local', s)),
    ),
    ...measures((s) => counted(`rows-local-${s.id}`, `rows written by then, ${s.id}`, 'rows', of('rows-local', s))),
    ...measures((s) =>
      counted(`object-requests-${s.id}`, `object requests by then, ${s.id}`, 'requests', of('object-requests', s)),
    ),
  ]);
}

async function restore(
  { service, progress, rounds }: PathContext,
  size: Size,
  backupId: string,
  round: number,
  samples: Samples,
): Promise<void> {
  const startedMs = performance.now();
  const since = () => performance.now() - startedMs;
  const disk = await Volume.create(service, { backup_id: backupId });
  const [offset = 0] = atRandom(size.bytes, BLOCK_BYTES, 1, round);
  await disk.target.read(offset, 4 * KIB);
  const firstMs = since();
  // Reads that the disk does in the background meanwhile are among them.
  const first = (await disk.status()).cost;
  const { cost } = await disk.still();
  const localMs = since();
  await disk.delete();
  samples.add(`ms-first-byte-${size.id}`, firstMs);
  samples.add(`ms-local-${size.id}`, localMs);
  samples.add(`reads-first-byte-${size.id}`, first.obsClassB);
  samples.add(`reads-local-${size.id}`, cost.obsClassB);
  samples.add(`rows-local-${size.id}`, cost.rowsWritten);
  samples.add(`object-requests-${size.id}`, cost.objectRequests);
  progress(
    `round ${round} of ${rounds}  ${size.id}: first byte ${firstMs.toFixed(0)} ms, ${first.obsClassB} R2 reads; ` +
      `local ${localMs.toFixed(0)} ms, ${cost.obsClassB} R2 reads, ${(size.bytes / MIB / (localMs / 1000)).toFixed(0)} MiB/s`,
  );
}
