// What every Codec must do. The faults are those of storage: bytes that changed, got lost, or were followed by others.

import { describe, expect, test } from 'vitest';
import type { Codec, Frame } from '../../engine/ports.ts';
import { BLOCK_BYTES, bytesEqual, PAGE_BYTES } from '../../engine/types.ts';
import { compressibleBytes, DATA_CLASSES, mostlyRandomBytes, randomBytes } from './data.ts';

const SIZES = [BLOCK_BYTES, PAGE_BYTES] as const;

function withByte(frame: Frame, at: number, mask: number): Frame {
  const bytes = frame.bytes.slice();
  bytes[at]! ^= mask;
  return { ...frame, bytes };
}

/** Compares without printing 64 KiB when it fails. */
function decodesTo(codec: Codec, frame: Frame, bytes: Uint8Array): boolean {
  const decoded = codec.decode(frame, bytes.length);
  return decoded !== null && bytesEqual(decoded, bytes);
}

function isRefused(codec: Codec, frame: Frame, sizeBytes = BLOCK_BYTES): boolean {
  return codec.decode(frame, sizeBytes) === null;
}

/** `encodings`: those that this codec is expected to write for the data classes, in any order. */
export function codecConformance(name: string, codec: Codec, encodings: readonly number[]): void {
  describe(`codec: ${name}`, () => {
    for (const [label, make] of DATA_CLASSES) {
      test.each(SIZES)(`${label} of %i bytes comes back`, (sizeBytes) => {
        const bytes = make(sizeBytes, sizeBytes);
        const frame = codec.encode(bytes);
        expect(frame.bytes.length).toBeLessThanOrEqual(sizeBytes);
        expect(decodesTo(codec, frame, bytes)).toBe(true);
      });
    }

    test('writes the expected encodings', () => {
      const written = new Set<number>();
      for (const [, make] of DATA_CLASSES) for (const size of SIZES) written.add(codec.encode(make(1, size)).encoding);
      expect([...written].sort()).toEqual([...encodings].sort());
    });

    test.each([
      ['nothing', 0],
      ['a thirteenth', 5_000],
    ])('keeps what saves %s as it is, without a copy', (_label, zeroBytes) => {
      const bytes = randomBytes(1, BLOCK_BYTES).fill(0, 0, zeroBytes);
      const frame = codec.encode(bytes);
      expect(frame.encoding).toBe(0);
      expect(frame.bytes).toBe(bytes);
    });

    test('never throws on short or empty bytes', () => {
      for (const length of [0, 1, 2, 511, 4_095, 32_768, 32_769]) {
        const bytes = compressibleBytes(length, length);
        expect(decodesTo(codec, codec.encode(bytes), bytes)).toBe(true);
      }
    });

    describe.each(DATA_CLASSES.map(([label, make]) => [label, codec.encode(make(7, BLOCK_BYTES))] as const))(
      'a damaged frame of %s',
      (_label, frame) => {
        test('of another length is refused', () => {
          for (const size of [0, 1, PAGE_BYTES, BLOCK_BYTES - 1, BLOCK_BYTES + 1, 2 * BLOCK_BYTES]) {
            expect(isRefused(codec, frame, size)).toBe(true);
          }
        });

        test('cut short is refused', () => {
          const { length } = frame.bytes;
          for (const keep of [0, 1, 3, 4, 8, length >> 1, length - 4, length - 1].filter((n) => n >= 0 && n < length)) {
            expect(isRefused(codec, { ...frame, bytes: frame.bytes.subarray(0, keep) })).toBe(true);
          }
        });

        test('with bytes behind it is refused', () => {
          for (const extra of [Uint8Array.of(0), randomBytes(3, 5), frame.bytes]) {
            const bytes = new Uint8Array(frame.bytes.length + extra.length);
            bytes.set(frame.bytes);
            bytes.set(extra, frame.bytes.length);
            expect(isRefused(codec, { ...frame, bytes })).toBe(true);
          }
        });

        test('of another encoding is refused', () => {
          for (let encoding = 0; encoding < 256; encoding++) {
            if (encoding !== frame.encoding) expect(isRefused(codec, { ...frame, encoding })).toBe(true);
          }
        });

        test('with any flipped bit is refused or has the right length', () => {
          const dense = Math.min(24, frame.bytes.length);
          for (let at = 0; at < frame.bytes.length; at += at < dense ? 1 : 1 + (frame.bytes.length >> 6)) {
            for (let bit = 0; bit < 8; bit++) {
              const decoded = codec.decode(withByte(frame, at, 1 << bit), BLOCK_BYTES);
              expect(decoded === null || decoded.length === BLOCK_BYTES).toBe(true);
            }
          }
        });
      },
    );

    test('refuses pure noise in every encoding', () => {
      for (let seed = 0; seed < 64; seed++) {
        const frame = { encoding: 1 + (seed & 3), bytes: randomBytes(seed, 1 + seed * 37) };
        expect(isRefused(codec, frame)).toBe(true);
      }
    });

    test('leaves the bytes that it was given alone', () => {
      const bytes = mostlyRandomBytes(5, BLOCK_BYTES);
      const before = bytes.slice();
      const frame = codec.encode(bytes);
      const stored = frame.bytes.slice();
      codec.decode(frame, BLOCK_BYTES);
      expect(bytes).toEqual(before);
      expect(frame.bytes).toEqual(stored);
    });
  });
}
