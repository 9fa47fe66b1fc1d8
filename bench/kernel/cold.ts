// A cold start: compile, instantiate, first call; and how much work passes until the optimising compiler has taken over.
import { Kernel } from '../../engine/kernel.ts';
import { randomBytes } from './bytes.ts';
import { bytesOf, type KernelCase, mustAgree } from './cases.ts';

const BLOCK_BYTES = 65_536;

/** Blocks after which a cold kernel is compared with a warm one. */
const BLOCKS = [1, 16, 64, 256];

export const coldStart: KernelCase = {
  id: 'cold-start',
  compared: false,
  title: 'Compile, instantiate, and hash the first blocks of 64 KiB, a call a block',
  prepare({ kernelBytes, compile, kernels }, tiny) {
    const block = randomBytes(BLOCK_BYTES, 11);
    const warm = new Kernel(kernels.relaxed);
    const cold = () => new Kernel(compile(neverCompiled(kernelBytes)));
    mustAgree('cold and warm kernel', warm.hashBlocks(block), cold().hashBlocks(block));
    const hash = (kernel: Kernel, count: number) => {
      for (let i = 0; i < count; i++) kernel.hashBlocks(block);
    };
    return [
      {
        id: 'first-call',
        title: 'cold, first call (40 bytes)',
        work: { amount: 1, of: 'starts' },
        run: () => cold().hash(block.subarray(0, 40)),
      },
      ...(tiny ? [1] : BLOCKS).flatMap((count) => [
        {
          id: `cold-${count}`,
          title: `cold, ${count} × 64 KiB`,
          work: bytesOf(count * BLOCK_BYTES),
          run: () => hash(cold(), count),
        },
        {
          id: `warm-${count}`,
          title: `warm, ${count} × 64 KiB`,
          work: bytesOf(count * BLOCK_BYTES),
          run: () => hash(warm, count),
        },
      ]),
    ];
  },
};

let made = 0;

/**
 * The module with a custom section that no other has: V8 keeps compiled code by the module's bytes, and would otherwise
 * find what an earlier start left.
 */
function neverCompiled(wasm: Uint8Array): Uint8Array {
  const name = [4, 0x62, 0x65, 0x6e, 0x63];
  const unique = new Uint8Array(new Float64Array([++made]).buffer);
  const section = [0, name.length + unique.length, ...name, ...unique];
  const bytes = new Uint8Array(wasm.length + section.length);
  bytes.set(wasm);
  bytes.set(section, wasm.length);
  return bytes;
}
