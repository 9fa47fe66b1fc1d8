// The builds themselves: nothing imported, memory bounded, small, and made from the sources that are checked in.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { KERNEL_BUILDS, kernelFile } from '../../tools/build-kernel.ts';
import { COMPRESS4_FILE, compress4Source } from '../../tools/generate-compress4.ts';
import { kernelModule } from '../support/kernel.ts';

/** Both builds travel with the worker and the console: growing past this should be a decision, not an accident. */
const WASM_BYTES_MAX = 16_384;
const GZIP_BYTES_MAX = 4_096;
const MEMORY_PAGES_MAX = 1_024;

describe.each(KERNEL_BUILDS)('module, %s build', (build) => {
  test('imports nothing', () => {
    expect(WebAssembly.Module.imports(kernelModule(build))).toEqual([]);
  });

  test('is small', () => {
    const wasm = readFileSync(kernelFile(build));
    expect(wasm.length).toBeLessThan(WASM_BYTES_MAX);
    expect(gzipSync(wasm, { level: 9 }).length).toBeLessThan(GZIP_BYTES_MAX);
  });

  test('declares a memory maximum, and starts well below it', () => {
    const { memory } = new WebAssembly.Instance(kernelModule(build)).exports as unknown as {
      memory: { buffer: ArrayBuffer; grow(pages: number): number };
    };
    const pages = memory.buffer.byteLength / 65_536;
    expect(pages).toBeLessThan(8);
    expect(() => memory.grow(MEMORY_PAGES_MAX - pages + 1)).toThrow(RangeError);
    memory.grow(MEMORY_PAGES_MAX - pages);
    expect(memory.buffer.byteLength).toBe(MEMORY_PAGES_MAX * 65_536);
  });
});

test('relaxed SIMD is what the builds differ in', () => {
  const [relaxed, simd] = [kernelFile('relaxed'), kernelFile('simd')].map((file) => readFileSync(file));
  // i8x16.relaxed_swizzle: prefix fd, opcode 0x100 as LEB128.
  const swizzle = Buffer.from([0xfd, 0x80, 0x02]);
  expect(relaxed!.includes(swizzle)).toBe(true);
  expect(simd!.includes(swizzle)).toBe(false);
});

test('assembly/compress4.ts is what its generator makes', () => {
  expect(readFileSync(COMPRESS4_FILE, 'utf8')).toBe(compress4Source());
});
