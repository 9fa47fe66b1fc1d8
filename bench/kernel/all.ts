// The kernel's cases, in the order of the report.
import { bitmaps } from './bitmaps.ts';
import type { KernelCase } from './cases.ts';
import { coldStart } from './cold.ts';
import { compareBlocks, compareResident, equalResident, zeroResident, zeroTest } from './compare.ts';
import { hash4k, hash16m, hash64k } from './hash.ts';
import { machineLimits } from './machine.ts';
import { setInsert, setLookup } from './set.ts';
import { pageDiff, treeDiff } from './tree.ts';

const SET_SIZES = [
  ['1k', 1_000],
  ['100k', 100_000],
  ['1m', 1_000_000],
] as const;

export const KERNEL_CASES: readonly KernelCase[] = [
  hash64k,
  hash4k,
  hash16m,
  zeroTest,
  zeroResident,
  compareBlocks,
  compareResident,
  equalResident,
  pageDiff,
  ...[1, 256, 4_096, 65_536].map(treeDiff),
  ...SET_SIZES.map(([name, count]) => setInsert(name, count)),
  ...SET_SIZES.map(([name, count]) => setLookup(name, count)),
  bitmaps,
  coldStart,
  machineLimits,
];
