// What the machine itself does per second, in each runtime: the distance to these is what optimisation could still win.
import { randomBytes } from './bytes.ts';
import { bytesOf, type KernelCase } from './cases.ts';
import { resident } from './resident.ts';

const MIB = 1_048_576;

export const machineLimits: KernelCase = {
  id: 'machine',
  compared: false,
  title: 'Raw limits: copying and reading memory, in the cache and beyond it',
  prepare({ kernels, limits: module }, tiny) {
    const { raw, windowAt, window, limits } = resident(kernels.relaxed, module);
    const small = window.length;
    const large = tiny ? MIB : 16 * MIB;
    const largeAt = raw.memory.buffer.byteLength;
    raw.memory.grow((2 * large) / 65_536);
    const memory = new Uint8Array(raw.memory.buffer);
    const source = randomBytes(large, 12);
    const into = new Uint8Array(large);
    const part = source.subarray(0, small);
    memory.set(source, largeAt);
    return [
      {
        id: 'copy-in',
        title: `Uint8Array.set into wasm, 256 KiB`,
        work: bytesOf(small),
        run: () => memory.set(part, windowAt),
      },
      { id: 'copy-js', title: 'Uint8Array.set, 16 MiB', work: bytesOf(large), run: () => into.set(source) },
      {
        id: 'copy-wasm',
        title: 'memory.copy, 16 MiB',
        work: bytesOf(large),
        run: () => limits.copy(largeAt + large, largeAt, large),
      },
      {
        id: 'read-cached',
        title: 'read in wasm, 256 KiB',
        work: bytesOf(small),
        run: () => limits.read(windowAt, small),
      },
      { id: 'read', title: 'read in wasm, 16 MiB', work: bytesOf(large), run: () => limits.read(largeAt, large) },
    ];
  },
};
