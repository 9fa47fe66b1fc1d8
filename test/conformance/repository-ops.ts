// Operations of the repository's model, made from a number: the same seed gives the same list in every runtime.

import type { Outcome } from '../support/repository-scheduler.ts';
import { CONTENTS, PLACES } from './repository-content.ts';

export type Op =
  | { op: 'write'; disk: number; place: number; content: number }
  | { op: 'read'; disk: number; point: number; place: number }
  | { op: 'snapshot'; disk: number }
  | { op: 'deleteSnapshot'; disk: number; which: number }
  | { op: 'rollback'; disk: number; which: number }
  | { op: 'newDisk' }
  | { op: 'createFrom'; which: number; eager: boolean }
  | { op: 'deleteDisk'; disk: number; tidy: boolean }
  | { op: 'backup'; disk: number; vault: number; full: boolean; automatic: boolean }
  | { op: 'restore'; disk: number; which: number }
  | { op: 'deleteBackup'; which: number }
  | { op: 'expire'; olderThanMs: number }
  | { op: 'maintain'; disk: number; what: Maintenance }
  | { op: 'prune'; vault: number; thresholdPercent: number; dryRun: boolean }
  | { op: 'copy'; which: number }
  | { op: 'check'; vault: number; mode: 'structure' | 'bytes' }
  | { op: 'rebuild'; vault: number; isLost: boolean }
  | { op: 'deleteVault'; vault: number }
  | { op: 'clock'; ms: number }
  /**
   * Lets a waiting call through, and then up to `more` of the same object: the oldest of them each time, or the newest. `of`:
   * only calls whose object and name, as `vault-0 obs.get`, contain this.
   */
  | { op: 'step'; which: number; outcome: Outcome; more: number; newest?: boolean; of?: string }
  | { op: 'crash'; machine: number }
  | { op: 'outage'; isDown: boolean }
  | { op: 'land'; which: number }
  | { op: 'damage'; which: number; byte: number; kind: 'flip' | 'lose' };

export type Maintenance = 'fold' | 'hydrate' | 'release' | 'collect';

/** mulberry32: whole numbers below a bound. */
export function numbersOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const FAULTS = ['fail', 'lost', 'late', 'twice'] as const;
const THRESHOLDS = [0, 0, 30, 100] as const;
const MAINTENANCE = ['fold', 'hydrate', 'release', 'collect'] as const;

type Below = (below: number) => number;

/** How often, and how, each operation is made. */
const MAKERS: readonly (readonly [weight: number, make: (below: Below) => Op])[] = [
  [14, (n) => ({ op: 'write', disk: n(4), place: n(PLACES.length), content: n(CONTENTS) })],
  [3, (n) => ({ op: 'read', disk: n(4), point: n(4), place: n(PLACES.length) })],
  [3, (n) => ({ op: 'snapshot', disk: n(4) })],
  [2, (n) => ({ op: 'deleteSnapshot', disk: n(4), which: n(4) })],
  [2, (n) => ({ op: 'rollback', disk: n(4), which: n(4) })],
  [2, () => ({ op: 'newDisk' })],
  [3, (n) => ({ op: 'createFrom', which: n(8), eager: n(2) === 0 })],
  [1, (n) => ({ op: 'deleteDisk', disk: n(4), tidy: n(2) === 0 })],
  [12, (n) => ({ op: 'backup', disk: n(4), vault: n(8) === 0 ? 1 : 0, full: n(4) === 0, automatic: n(2) === 0 })],
  [3, (n) => ({ op: 'restore', disk: n(4), which: n(8) })],
  [5, (n) => ({ op: 'deleteBackup', which: n(8) })],
  [1, (n) => ({ op: 'expire', olderThanMs: n(4) * 1_000 })],
  [8, (n) => ({ op: 'maintain', disk: n(4), what: MAINTENANCE[n(MAINTENANCE.length)]! })],
  [6, (n) => ({ op: 'prune', vault: n(4) === 0 ? 1 : 0, thresholdPercent: THRESHOLDS[n(4)]!, dryRun: n(8) === 0 })],
  [4, (n) => ({ op: 'copy', which: n(8) })],
  [2, (n) => ({ op: 'check', vault: n(2), mode: n(2) === 0 ? 'structure' : 'bytes' })],
  [3, (n) => ({ op: 'clock', ms: 1 + n(2_000) })],
  [30, (n) => ({ op: 'step', which: n(16), outcome: 'ok', more: n(3) === 0 ? 200 : n(12) })],
  [6, (n) => ({ op: 'step', which: n(16), outcome: FAULTS[n(FAULTS.length)]!, more: n(4) })],
  [3, (n) => ({ op: 'crash', machine: n(6) })],
  [1, (n) => ({ op: 'outage', isDown: n(2) === 0 })],
  [2, (n) => ({ op: 'land', which: n(4) })],
];

/** Little but backups, their deletion and prunes, all at once: what one relies on goes away under it. */
const NARROW: typeof MAKERS = [
  [10, (n) => ({ op: 'write', disk: 0, place: n(PLACES.length), content: n(CONTENTS) })],
  [14, (n) => ({ op: 'backup', disk: n(2), vault: 0, full: false, automatic: false })],
  [2, () => ({ op: 'newDisk' })],
  [3, (n) => ({ op: 'createFrom', which: n(8), eager: false })],
  [12, (n) => ({ op: 'deleteBackup', which: n(8) })],
  [12, (n) => ({ op: 'prune', vault: 0, thresholdPercent: THRESHOLDS[n(4)]!, dryRun: false })],
  [6, (n) => ({ op: 'maintain', disk: n(2), what: MAINTENANCE[n(MAINTENANCE.length)]! })],
  [40, (n) => ({ op: 'step', which: n(16), outcome: 'ok', more: n(2) === 0 ? 200 : n(6) })],
  [3, (n) => ({ op: 'step', which: n(16), outcome: FAULTS[n(FAULTS.length)]!, more: 0 })],
  [2, (n) => ({ op: 'land', which: n(4) })],
  [2, (n) => ({ op: 'crash', machine: n(4) })],
];

/** A backup is deleted, a prune ends that, and meanwhile the deletion of another one hangs. */
const HANGING_DELETION = (n: Below): Op[] => [
  // Open sessions would keep what both have.
  ...['disk-0 ', 'vault-0 ', 'disk-0 ', 'disk-1 ', 'vault-0 ', 'disk-1 '].map(
    (of): Op => ({ op: 'step', which: 0, of, outcome: 'ok', more: 200 }),
  ),
  { op: 'deleteBackup', which: n(8) },
  { op: 'prune', vault: 0, thresholdPercent: 0, dryRun: false },
  { op: 'step', which: 0, of: 'vault-0 ', outcome: 'ok', more: n(16), newest: true },
  { op: 'deleteBackup', which: n(8) },
  { op: 'step', which: n(2), of: 'vault-0 ', outcome: 'ok', more: 60, newest: true },
];

/** The answer to a lease is lost, and the lease is taken again while a prune asks the disk. */
const LEASE_TAKEN_AGAIN = (n: Below): Op[] => [
  { op: 'createFrom', which: n(8), eager: false },
  { op: 'step', which: 0, of: '.ordered', outcome: 'ok', more: 0 },
  { op: 'step', which: 0, of: '.lease', outcome: 'lost', more: 0 },
  { op: 'prune', vault: 0, thresholdPercent: 0, dryRun: false },
  { op: 'step', which: 0, of: 'vault-0 obs.head', outcome: 'ok', more: n(4) },
  { op: 'step', which: 0, of: 'disks.holds', outcome: 'ok', more: 0 },
  { op: 'step', which: 0, of: '.ordered', outcome: 'ok', more: 1 },
  { op: 'step', which: 0, of: 'disks.answer', outcome: 'ok', more: 0 },
];

/** What is begun and given up, in the order in which it hurts; disks that go without a word. */
const OVERTAKING: readonly (readonly [weight: number, make: (below: Below) => Op | Op[]])[] = [
  [10, (n) => ({ op: 'write', disk: n(2), place: n(PLACES.length), content: n(CONTENTS) })],
  [10, (n) => ({ op: 'backup', disk: n(2), vault: 0, full: false, automatic: false })],
  [3, () => ({ op: 'newDisk' })],
  [4, (n) => ({ op: 'deleteDisk', disk: n(4), tidy: n(4) === 0 })],
  [2, (n) => ({ op: 'copy', which: n(8) })],
  [1, (n) => ({ op: 'check', vault: n(2), mode: 'bytes' })],
  [4, HANGING_DELETION],
  [4, LEASE_TAKEN_AGAIN],
  [20, (n) => ({ op: 'step', which: n(8), outcome: 'ok', more: n(2) === 0 ? 200 : n(6) })],
  [2, (n) => ({ op: 'step', which: n(8), outcome: FAULTS[n(FAULTS.length)]!, more: 0 })],
  [1, (n) => ({ op: 'crash', machine: n(6) })],
];

/** Only in some runs: what they check is weaker. */
const DAMAGE: (typeof MAKERS)[number] = [
  3,
  (n) => ({ op: 'damage', which: n(64), byte: n(1_000_000), kind: n(3) === 0 ? 'lose' : 'flip' }),
];
/** Rare: it ends most of what a run has built up. */
const DELETE_VAULT: (typeof MAKERS)[number] = [1, () => ({ op: 'deleteVault', vault: 0 })];

/** Rare, too: it ends the backups that are being made. */
const REBUILD: (typeof MAKERS)[number] = [2, (n) => ({ op: 'rebuild', vault: 0, isLost: n(2) === 0 })];

/**
 * `count` operations. Of eight seeds one damages what is stored, one may delete a vault, two rebuild one, two are narrow,
 * and in one jobs overtake each other.
 */
export function operationsOf(seed: number, count: number): Op[] {
  const below = numbersOf(seed);
  const makers: (typeof OVERTAKING)[number][] = [...(seed % 4 === 0 ? NARROW : seed % 8 === 7 ? OVERTAKING : MAKERS)];
  if (seed % 8 === 3) makers.push(DAMAGE);
  if (seed % 8 === 5) makers.push(DELETE_VAULT);
  if (seed % 8 === 1 || seed % 8 === 6) makers.push(REBUILD);
  const wheel = makers.flatMap(([weight, make]) => new Array<typeof make>(weight).fill(make));
  const ops: Op[] = [];
  while (ops.length < count) ops.push(...[wheel[below(wheel.length)]!(below)].flat());
  return ops.slice(0, count);
}
