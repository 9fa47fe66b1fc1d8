// Zero test and comparison: work that is nothing but reading, so a plain read of the same bytes is the bound.
import { Kernel } from '../../engine/kernel.ts';
import { randomBytes, words32, words64 } from './bytes.ts';
import { bytesOf, type KernelCase, mustAgree } from './cases.ts';
import { resident } from './resident.ts';

const BLOCK_BYTES = 65_536;
const SECTOR_BYTES = 512;

export const zeroTest: KernelCase = {
  id: 'zero',
  title: 'Is a block of 64 KiB all zeros? Copy into the kernel included',
  prepare({ kernels, equals }) {
    const kernel = new Kernel(kernels.relaxed);
    const block = new Uint8Array(BLOCK_BYTES);
    const narrow = words32(block);
    const wide = words64(block);
    const zeros = new Uint8Array(BLOCK_BYTES);
    const into = new Uint8Array(BLOCK_BYTES);
    mustAgree('zero tests', true, kernel.isZero(block) && isZero32(narrow) && isZero64(wide));
    const work = bytesOf(BLOCK_BYTES);
    return [
      { id: 'kernel', title: 'kernel', work, run: () => kernel.isZero(block) },
      { id: 'copy', title: 'limit: the copy alone', work, run: () => into.set(block) },
      { id: 'js-u32', title: 'loop over a Uint32Array', work, run: () => isZero32(narrow) },
      { id: 'js-u64', title: 'loop over a BigUint64Array', work, run: () => isZero64(wide) },
      ...(equals ? [{ id: 'native', title: 'Buffer.compare with zeros', work, run: () => equals(block, zeros) }] : []),
    ];
  },
};

export const zeroResident: KernelCase = {
  id: 'zero-resident',
  title: 'Zero test of 256 KiB in the kernel’s memory, against a plain read of the same bytes',
  prepare({ kernels, limits }) {
    const own = resident(kernels.relaxed, limits);
    const bytes = own.window.length;
    own.window.fill(0);
    mustAgree('zero test and read', 1, own.raw.isZeroWindow(bytes) + own.limits.read(own.windowAt, bytes));
    const work = bytesOf(bytes);
    return [
      { id: 'kernel', title: 'kernel', work, run: () => own.raw.isZeroWindow(bytes) },
      { id: 'read', title: 'limit: plain read', work, run: () => own.limits.read(own.windowAt, bytes) },
    ];
  },
};

export const compareBlocks: KernelCase = {
  id: 'compare',
  title: 'Which sectors differ between two blocks of 64 KiB? Copies into the kernel included; equal blocks',
  prepare({ kernels, equals }) {
    const kernel = new Kernel(kernels.relaxed);
    const a = randomBytes(BLOCK_BYTES, 4);
    const b = a.slice();
    const [a32, b32, a64, b64] = [words32(a), words32(b), words64(a), words64(b)];
    b[5_000]! ^= 1;
    mustAgree('comparisons', kernel.changedSectors(a, b), changed32(a32, b32));
    mustAgree('comparisons', kernel.changedSectors(a, b), changed64(a64, b64));
    b[5_000]! ^= 1;
    const into = new Uint8Array(BLOCK_BYTES);
    const work = bytesOf(2 * BLOCK_BYTES);
    const copyBoth = () => {
      into.set(a);
      into.set(b);
    };
    return [
      { id: 'kernel', title: 'kernel', work, run: () => kernel.changedSectors(a, b) },
      { id: 'kernel-equal', title: 'kernel: equal or not', work, run: () => kernel.equal(a, b) },
      { id: 'copy', title: 'limit: the copies alone', work, run: copyBoth },
      { id: 'js-u32', title: 'loop over Uint32Arrays', work, run: () => changed32(a32, b32) },
      { id: 'js-u64', title: 'loop over BigUint64Arrays', work, run: () => changed64(a64, b64) },
      ...(equals ? [{ id: 'native', title: 'Buffer.compare: equal or not', work, run: () => equals(a, b) }] : []),
    ];
  },
};

export const compareResident: KernelCase = {
  id: 'compare-resident',
  title: 'Changed sectors of two blocks in the kernel’s memory, against a plain read of the same bytes',
  prepare({ kernels, limits }) {
    const own = resident(kernels.relaxed, limits);
    own.window.set(randomBytes(BLOCK_BYTES, 5));
    own.window.copyWithin(BLOCK_BYTES, 0, BLOCK_BYTES);
    mustAgree('comparison', 0, own.raw.diffBlocks());
    const work = bytesOf(2 * BLOCK_BYTES);
    return [
      { id: 'kernel', title: 'kernel', work, run: () => own.raw.diffBlocks() },
      { id: 'read', title: 'limit: plain read', work, run: () => own.limits.read(own.windowAt, 2 * BLOCK_BYTES) },
    ];
  },
};

export const equalResident: KernelCase = {
  id: 'equal-resident',
  title: 'Are two ranges of 128 KiB in the kernel’s memory equal? Against a plain read of the same bytes',
  prepare({ kernels, limits }) {
    const own = resident(kernels.relaxed, limits);
    const half = own.window.length / 2;
    own.window.set(randomBytes(half, 5));
    own.window.copyWithin(half, 0, half);
    mustAgree('comparison', 1, own.raw.equalHalves(half));
    const work = bytesOf(2 * half);
    return [
      { id: 'kernel', title: 'kernel', work, run: () => own.raw.equalHalves(half) },
      { id: 'read', title: 'limit: plain read', work, run: () => own.limits.read(own.windowAt, 2 * half) },
    ];
  },
};

function isZero32(words: Uint32Array): boolean {
  for (let i = 0; i < words.length; i++) if (words[i] !== 0) return false;
  return true;
}

function isZero64(words: BigUint64Array): boolean {
  for (let i = 0; i < words.length; i++) if (words[i] !== 0n) return false;
  return true;
}

function changed32(a: Uint32Array, b: Uint32Array): number[] {
  const changed: number[] = [];
  const words = SECTOR_BYTES / 4;
  for (let at = 0; at < a.length; at += words) {
    for (let i = at; i < at + words; i++) {
      if (a[i] !== b[i]) {
        changed.push(at / words);
        break;
      }
    }
  }
  return changed;
}

function changed64(a: BigUint64Array, b: BigUint64Array): number[] {
  const changed: number[] = [];
  const words = SECTOR_BYTES / 8;
  for (let at = 0; at < a.length; at += words) {
    for (let i = at; i < at + words; i++) {
      if (a[i] !== b[i]) {
        changed.push(at / words);
        break;
      }
    }
  }
  return changed;
}
