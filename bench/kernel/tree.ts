// Which of a million leaves differ between two trees of pages: by descending where digests differ, or by looking at all.
import { Kernel } from '../../engine/kernel.ts';
import { DIGEST_BYTES, PAGE_BYTES, PAGE_CHILDREN } from '../../engine/types.ts';
import { partsOf, randomBytes, words32 } from './bytes.ts';
import { type Contender, type KernelCase, mustAgree } from './cases.ts';

/** Pages by level, the leaves' pages first, the root's page last. */
type Tree = readonly (readonly Uint8Array[])[];

/** Children in which two pages differ. */
type PageDiff = (a: Uint8Array, b: Uint8Array) => Iterable<number>;

const DIGEST_WORDS = DIGEST_BYTES / 4;

export const pageDiff: KernelCase = {
  id: 'page-diff',
  title: 'Which of 256 children differ between two pages of 8 KiB? Copies included; one differs',
  prepare({ kernels, equals }) {
    const kernel = new Kernel(kernels.relaxed);
    const a = randomBytes(PAGE_BYTES, 6);
    const b = a.slice();
    b[137 * DIGEST_BYTES + 31]! ^= 1;
    mustAgree('page diffs', kernel.changedChildren(a, b), leavesInJs(a, b));
    const [aParts, bParts] = [partsOf(a, DIGEST_BYTES), partsOf(b, DIGEST_BYTES)];
    const work = { amount: 1, of: 'pages' };
    const native = (same: NonNullable<typeof equals>): Contender => ({
      id: 'native',
      title: 'Buffer.compare for each child',
      work,
      run: () => aParts.flatMap((part, i) => (same(part, bParts[i]!) ? [] : [i])),
    });
    const [many, others] = [Array.from({ length: 64 }, () => a), Array.from({ length: 64 }, () => b)];
    return [
      { id: 'kernel', title: 'kernel, a call a pair', work, run: () => kernel.changedChildren(a, b) },
      {
        id: 'kernel-batch',
        title: 'kernel, 64 pairs a call',
        work: { amount: 64, of: 'pages' },
        run: () => kernel.changedChildrenOf(many, others),
      },
      { id: 'js-u32', title: 'loop over Uint32Arrays', work, run: () => leavesInJs(a, b) },
      ...(equals ? [native(equals)] : []),
    ];
  },
};

/** `changed` leaves of 1,048,576, as far from each other as they can be: the fewest equal pages, the most work. */
export function treeDiff(changed: number): KernelCase {
  return {
    id: `tree-diff-${changed}`,
    title: `Two trees of 1,048,576 leaves that differ in ${changed.toLocaleString('en')}, evenly spread`,
    prepare({ kernels }, tiny) {
      const kernel = new Kernel(kernels.relaxed);
      const leaves = tiny ? 65_536 : 1_048_576;
      const step = Math.max(1, leaves / changed);
      const leavesA = randomBytes(leaves * DIGEST_BYTES, 7);
      const leavesB = leavesA.slice();
      for (let leaf = step - 1; leaf < leaves; leaf += step) leavesB[leaf * DIGEST_BYTES]! ^= 1;
      const [a, b] = [treeOf(leavesA, kernel), treeOf(leavesB, kernel)];
      const inKernel: PageDiff = (pageA, pageB) => kernel.changedChildren(pageA, pageB);
      const [all, others] = [a[0]!, b[0]!];
      const expected = leavesInJs(leavesA, leavesB);
      mustAgree('number of changed leaves', Math.min(changed, leaves), expected.length);
      mustAgree('tree diffs', expected, descendInBatches(a, b, kernel));
      mustAgree('tree diffs', expected, descend(a, b, inKernel));
      mustAgree('tree diffs', expected, descend(a, b, leavesInJs));
      mustAgree('tree diffs', expected, kernel.changedChildrenOf(all, others));
      const work = { amount: 1, of: 'trees' };
      return [
        { id: 'kernel', title: 'kernel, a call a level', work, run: () => descendInBatches(a, b, kernel) },
        { id: 'kernel-single', title: 'kernel, a call a page', work, run: () => descend(a, b, inKernel) },
        { id: 'kernel-scan', title: 'kernel, all leaf pages', work, run: () => kernel.changedChildrenOf(all, others) },
        { id: 'js', title: 'JavaScript, descending', work, run: () => descend(a, b, leavesInJs) },
        { id: 'js-scan', title: 'JavaScript, all leaves', work, run: () => leavesInJs(leavesA, leavesB) },
      ];
    },
  };
}

function treeOf(leaves: Uint8Array, kernel: Kernel): Tree {
  const levels: Uint8Array[][] = [];
  for (let level = leaves; ; ) {
    // The root's page may not be full.
    const padded = new Uint8Array(Math.ceil(level.length / PAGE_BYTES) * PAGE_BYTES);
    padded.set(level);
    levels.push(partsOf(padded, PAGE_BYTES));
    if (padded.length === PAGE_BYTES) return levels;
    level = kernel.hashPages(padded);
  }
}

/** Changed leaves, ascending. */
function descend(a: Tree, b: Tree, diff: PageDiff): number[] {
  let pages: number[] = [0];
  for (let level = a.length - 1; level >= 0; level--) {
    const below: number[] = [];
    for (const page of pages) {
      for (const child of diff(a[level]![page]!, b[level]![page]!)) below.push(page * PAGE_CHILDREN + child);
    }
    pages = below;
  }
  return pages;
}

/** The same with one call for all pages of a level. */
function descendInBatches(a: Tree, b: Tree, kernel: Kernel): Uint32Array {
  let pages = Uint32Array.of(0);
  for (let level = a.length - 1; level >= 0; level--) {
    const [before, after] = [a[level]!, b[level]!];
    const changed = kernel.changedChildrenOf(
      Array.from(pages, (page) => before[page]!),
      Array.from(pages, (page) => after[page]!),
    );
    const above = pages;
    pages = changed.map((at) => above[Math.floor(at / PAGE_CHILDREN)]! * PAGE_CHILDREN + (at % PAGE_CHILDREN));
  }
  return pages;
}

function leavesInJs(a: Uint8Array, b: Uint8Array): number[] {
  const [wordsA, wordsB] = [words32(a), words32(b)];
  const changed: number[] = [];
  for (let at = 0; at < wordsA.length; at += DIGEST_WORDS) {
    for (let i = at; i < at + DIGEST_WORDS; i++) {
      if (wordsA[i] !== wordsB[i]) {
        changed.push(at / DIGEST_WORDS);
        break;
      }
    }
  }
  return changed;
}
