// What was promised, one entry a line of docs/benchmarks.md. Limits are those of the plan; they are never moved to fit.
import type { MeasureRef, RuntimeName, Target } from './types.ts';

type Limit = Target['limit'];

const atLeast = (limit: number): Limit => ({ atLeast: limit });
const atMost = (limit: number): Limit => ({ atMost: limit });

/** The kernel against a peer, both in one runtime. */
function faster(caseId: string, peer: string, text: string, limit: number, runtime: RuntimeName = 'node'): Target {
  return {
    id: `${caseId}-${peer}-${runtime}`,
    text: `${text}, ${NAMES[runtime]}`,
    suite: 'kernel',
    compare: 'speed',
    of: { case: caseId, runtime, measure: 'kernel' },
    against: { case: caseId, runtime, measure: peer },
    limit: atLeast(limit),
  };
}

const NAMES: Readonly<Record<RuntimeName, string>> = {
  node: 'Node',
  workerd: 'workerd',
  chromium: 'Chromium',
  service: 'service',
};

/** The same case in workerd and in Node. */
function sameInWorkerd(caseId: string, text: string): Target {
  return {
    id: `${caseId}-workerd-node`,
    text: `workerd against Node: ${text}`,
    suite: 'kernel',
    compare: 'speed',
    of: { case: caseId, runtime: 'workerd', measure: 'kernel' },
    against: { case: caseId, runtime: 'node', measure: 'kernel' },
    limit: atLeast(0.9),
  };
}

function moduleTarget(measure: string, text: string, limit: number): Target {
  const of: MeasureRef = { case: 'module', runtime: 'node', measure };
  return { id: `module-${measure}`, text, suite: 'kernel', compare: 'value', of, limit: atMost(limit) };
}

const KERNEL: readonly Target[] = [
  faster('hash-64k', 'fuzdev', 'BLAKE3 of 64 KiB blocks against @fuzdev/blake3_wasm', 1.3),
  faster('hash-64k', 'fuzdev', 'BLAKE3 of 64 KiB blocks against @fuzdev/blake3_wasm', 1.3, 'workerd'),
  faster('hash-64k', 'fuzdev', 'BLAKE3 of 64 KiB blocks against @fuzdev/blake3_wasm', 1.3, 'chromium'),
  faster('hash-4k', 'fuzdev', 'BLAKE3 of 4 KiB messages against @fuzdev/blake3_wasm', 1.5),
  faster('hash-4k', 'fuzdev', 'BLAKE3 of 4 KiB messages against @fuzdev/blake3_wasm', 1.5, 'workerd'),
  faster('hash-4k', 'fuzdev', 'BLAKE3 of 4 KiB messages against @fuzdev/blake3_wasm', 1.5, 'chromium'),
  faster('hash-64k', 'hash-wasm', 'BLAKE3 of 64 KiB blocks against hash-wasm', 3.5),
  faster('hash-4k', 'hash-wasm', 'BLAKE3 of 4 KiB messages against hash-wasm', 3.5),
  faster('hash-64k', 'hash-wasm', 'BLAKE3 of 64 KiB blocks against hash-wasm', 3.5, 'chromium'),
  faster('hash-4k', 'hash-wasm', 'BLAKE3 of 4 KiB messages against hash-wasm', 3.5, 'chromium'),
  faster('hash-64k', 'node-crypto', 'BLAKE3 of 64 KiB blocks against SHA-256 of node:crypto', 1),
  faster('hash-64k', 'node-crypto', 'BLAKE3 of 64 KiB blocks against SHA-256 of node:crypto', 1, 'workerd'),
  faster('hash-4k', 'node-crypto', 'BLAKE3 of 4 KiB messages against SHA-256 of node:crypto', 1.6),
  faster('hash-4k', 'node-crypto', 'BLAKE3 of 4 KiB messages against SHA-256 of node:crypto', 1.6, 'workerd'),
  faster('hash-64k', 'napi', 'BLAKE3 of 64 KiB blocks against @napi-rs/blake-hash (native)', 0.5),
  faster('hash-4k', 'napi', 'BLAKE3 of 4 KiB messages against @napi-rs/blake-hash (native)', 1.6),
  sameInWorkerd('hash-64k', 'BLAKE3 of 64 KiB blocks'),
  sameInWorkerd('hash-4k', 'BLAKE3 of 4 KiB messages'),
  sameInWorkerd('hash-16m', 'BLAKE3 of 16 MiB'),
  sameInWorkerd('zero-resident', 'zero test'),
  sameInWorkerd('compare-resident', 'changed sectors of two blocks'),
  sameInWorkerd('tree-diff-4096', 'tree diff, 4,096 changed'),
  sameInWorkerd('set-insert-1m', 'digest set, insert 1 M'),
  sameInWorkerd('set-lookup-1m', 'digest set, look up 1 M'),
  faster('zero-resident', 'read', 'Zero test against a plain read of the same memory', 0.9),
  faster('zero-resident', 'read', 'Zero test against a plain read of the same memory', 0.9, 'workerd'),
  faster('zero-resident', 'read', 'Zero test against a plain read of the same memory', 0.9, 'chromium'),
  faster('compare-resident', 'read', 'Changed sectors of two blocks against a plain read of the same memory', 0.9),
  faster(
    'compare-resident',
    'read',
    'Changed sectors of two blocks against a plain read of the same memory',
    0.9,
    'workerd',
  ),
  faster(
    'compare-resident',
    'read',
    'Changed sectors of two blocks against a plain read of the same memory',
    0.9,
    'chromium',
  ),
  faster('equal-resident', 'read', 'Equal or not against a plain read of the same memory', 0.9),
  faster('equal-resident', 'read', 'Equal or not against a plain read of the same memory', 0.9, 'workerd'),
  faster('equal-resident', 'read', 'Equal or not against a plain read of the same memory', 0.9, 'chromium'),
  faster('set-insert-1m', 'map', 'Digest set against a Map of hex strings, insert 1 M', 25),
  faster('set-lookup-1m', 'map', 'Digest set against a Map of hex strings, look up 1 M', 25),
  faster('set-insert-1m', 'map', 'Digest set against a Map of hex strings, insert 1 M', 25, 'workerd'),
  faster('set-lookup-1m', 'map', 'Digest set against a Map of hex strings, look up 1 M', 25, 'workerd'),
  moduleTarget('gzip-relaxed', 'wasm file, relaxed SIMD, gzipped bytes', 6_000),
  moduleTarget('gzip-simd', 'wasm file, plain SIMD, gzipped bytes', 6_000),
  moduleTarget('imports-relaxed', 'imports of the wasm file, relaxed SIMD', 0),
  moduleTarget('imports-simd', 'imports of the wasm file, plain SIMD', 0),
];

function path(
  id: string,
  text: string,
  compare: Target['compare'],
  caseId: string,
  of: string,
  limit: Limit,
  against?: string,
): Target {
  const ref = (measure: string): MeasureRef => ({ case: caseId, runtime: 'service', measure });
  return { id, text, suite: 'path', compare, of: ref(of), ...(against && { against: ref(against) }), limit };
}

const SIZES = ['16m', '256m', '2g'] as const;

const PATH: readonly Target[] = [
  path(
    'write-random',
    'Sequential 1 MiB writes against raw inserts, incompressible',
    'speed',
    'sequential-write',
    'api-1m-random',
    atLeast(0.7),
    'raw-1m-random',
  ),
  path(
    'write-ext4',
    'Sequential 1 MiB writes against raw inserts, ext4 image as it is',
    'speed',
    'sequential-write',
    'api-1m-ext4-whole',
    atLeast(1.5),
    'raw-1m-ext4-whole',
  ),
  path(
    'write-ext4-data',
    'Sequential 1 MiB writes against raw inserts, ext4 image without its pieces of zeros',
    'speed',
    'sequential-write',
    'api-1m-ext4',
    atLeast(1.5),
    'raw-1m-ext4',
  ),
  path(
    'read-random',
    'Sequential 1 MiB reads against raw SQLite reads, incompressible',
    'speed',
    'sequential-read',
    'api-1m',
    atLeast(0.6),
    'raw-1m',
  ),
  path(
    'read-ext4',
    'Sequential 1 MiB reads against raw SQLite reads, ext4 image',
    'speed',
    'sequential-read',
    'api-1m-ext4',
    atLeast(0.6),
    'raw-1m-ext4',
  ),
  ...['snapshot', 'rollback'].flatMap((job) => [
    path(`${job}-time`, `Time of a ${job} at 2 GiB against 16 MiB`, 'cost', job, 'ms-2g', atMost(1.5), 'ms-16m'),
    path(`${job}-rows`, `Rows of a ${job} at 2 GiB against 16 MiB`, 'cost', job, 'rows-2g', atMost(1), 'rows-16m'),
  ]),
  path('delta-time', 'Delta of 256 blocks at 2 GiB against 16 MiB', 'cost', 'delta', 'ms-2g', atMost(3), 'ms-16m'),
  path(
    'backup-first',
    'First backup of an ext4 image against raw R2 puts of the same bytes',
    'speed',
    'backup-first',
    'service-ext4',
    atLeast(0.8),
    'raw-ext4',
  ),
  path(
    'backup-incremental-time',
    'Time of an incremental backup (1 % changed) against the first',
    'cost',
    'backup-incremental',
    'ms-incremental',
    atMost(0.05),
    'ms-first',
  ),
  path(
    'backup-incremental-bytes',
    'Bytes of an incremental backup beyond its changed blocks against the first',
    'cost',
    'backup-incremental',
    'bytes-beyond-changed',
    atMost(0.02),
    'bytes-first',
  ),
  ...SIZES.map((size) =>
    path(
      `restore-reads-${size}`,
      `R2 reads until a restored disk’s first byte is read, ${size}`,
      'value',
      'restore',
      `reads-first-byte-${size}`,
      atMost(5),
    ),
  ),
  ...['16m', '2g'].map((size) =>
    path(
      `memory-${size}`,
      `Peak resident bytes of workerd beyond idle, whole suite on one disk of ${size}`,
      'value',
      'memory',
      `beyond-idle-${size}`,
      atMost(96 * 1_048_576),
    ),
  ),
];

function repository(
  id: string,
  text: string,
  compare: Target['compare'],
  of: string,
  limit: Limit,
  against: string,
): Target {
  const ref = (measure: string): MeasureRef => ({ case: 'repository', runtime: 'service', measure });
  return { id, text, suite: 'repository', compare, of: ref(of), against: ref(against), limit };
}

const REPOSITORY: readonly Target[] = [
  repository(
    'repository-stored',
    'Bytes stored by two backups against restic',
    'cost',
    'bytes-both-service',
    atMost(1.1),
    'bytes-both-restic',
  ),
  repository(
    'repository-added',
    'Bytes added by the second backup against the changed blocks (incompressible, evenly spread)',
    'cost',
    'bytes-added-service',
    atMost(1.02),
    'bytes-changed',
  ),
  repository(
    'repository-second',
    'Second backup, from call to available, against restic’s second run',
    'speed',
    'ms-second-service',
    atLeast(5),
    'ms-second-restic',
  ),
];

function nbd(caseId: string, measure: string, text: string, limit: number): Target {
  const ref = (id: string): MeasureRef => ({ case: caseId, runtime: 'service', measure: id });
  return {
    id: `${caseId}-${measure}`,
    text: `${text} through NBD against qemu-nbd on a qcow2 file`,
    suite: 'nbd',
    compare: 'speed',
    of: ref(`service-${measure}`),
    against: ref(`qemu-${measure}`),
    limit: atLeast(limit),
  };
}

const NBD: readonly Target[] = [
  nbd('nbd-sequential', 'write', 'Sequential writes of 1 GiB with a flush', 0.5),
  nbd('nbd-sequential', 'read', 'Sequential reads of 1 GiB', 0.5),
  nbd('nbd-random', 'read-32', '4 KiB random reads, 32 at a time,', 0.25),
  nbd('nbd-random', 'write-32', '4 KiB random writes, 32 at a time,', 0.25),
  ...['hot', 'wide'].map((span): Target => {
    const of: MeasureRef = { case: 'nbd-small-writes', runtime: 'service', measure: `bytes-acknowledged-${span}-32` };
    const text = `Bytes written per byte of a 4 KiB write, acknowledged, 32 at a time, ${span === 'hot' ? '64 MiB' : '4 GiB'}`;
    return { id: `nbd-bytes-${span}`, text, suite: 'nbd', compare: 'value', of, limit: atMost(3) };
  }),
];

export const TARGETS: readonly Target[] = [...KERNEL, ...PATH, ...REPOSITORY, ...NBD];
