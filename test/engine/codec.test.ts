import { describe, expect, test, vi } from 'vitest';
import { DELTA_ENCODINGS, deflateCodec, Encoding, frameCodec, rawCodec } from '../../engine/codec.ts';
import { BLOCK_BYTES } from '../../engine/types.ts';
import { codecConformance } from '../conformance/codec.ts';
import { compressibleBytes, mostlyRandomBytes, randomBytes } from '../conformance/data.ts';
import { deflate, zstd, zstdCodec, zstdOfWorkerd } from '../support/zstd.ts';

codecConformance('raw', rawCodec, [0]);
codecConformance('zstd in Node', zstdCodec, [0, 1]);
codecConformance('zstd as in workerd', frameCodec(zstdOfWorkerd, deflate), [0, 1, 2]);
codecConformance('deflate', deflateCodec(deflate), [0, 3]);

describe('frames', () => {
  test('of one runtime decode in every other', () => {
    const halves = frameCodec(zstdOfWorkerd).encode(mostlyRandomBytes(1, BLOCK_BYTES));
    expect(halves.encoding).toBe(Encoding.zstdHalves);
    expect(zstdCodec.decode(halves, BLOCK_BYTES)).toEqual(mostlyRandomBytes(1, BLOCK_BYTES));
    const deflated = deflateCodec(deflate).encode(compressibleBytes(1, BLOCK_BYTES));
    expect(zstdCodec.decode(deflated, BLOCK_BYTES)).toEqual(compressibleBytes(1, BLOCK_BYTES));
    expect(frameCodec(zstd).decode(deflated, BLOCK_BYTES)).toBeNull();
  });

  test('of two halves have exactly one right length for each', () => {
    const { encoding, bytes } = frameCodec(zstdOfWorkerd).encode(mostlyRandomBytes(1, BLOCK_BYTES));
    const second = 4 + new DataView(bytes.buffer).getUint32(0, true);
    for (const at of [0, 1, 2, 3].flatMap((i) => [i, second + i])) {
      const damaged = bytes.slice();
      damaged[at]! ^= 1;
      expect(zstdCodec.decode({ encoding, bytes: damaged }, BLOCK_BYTES)).toBeNull();
    }
  });

  test('of incompressible blocks are found out without compressing', () => {
    const compress = vi.fn(zstd.compress);
    frameCodec({ ...zstd, compress }).encode(randomBytes(1, BLOCK_BYTES));
    expect(compress).not.toHaveBeenCalled();
  });

  test('are compressed although the beginning is random', () => {
    const bytes = compressibleBytes(1, BLOCK_BYTES);
    bytes.set(randomBytes(1, BLOCK_BYTES / 4));
    const frame = frameCodec(zstd).encode(bytes);
    expect(frame.encoding).toBe(Encoding.zstd);
    expect(zstdCodec.decode(frame, BLOCK_BYTES)).toEqual(bytes);
  });

  test('stay raw when the compressor always throws', () => {
    const broken = () => {
      throw new Error('no');
    };
    const bytes = compressibleBytes(1, BLOCK_BYTES);
    for (const codec of [frameCodec({ compress: broken, decompress: broken })]) {
      expect(codec.encode(bytes)).toEqual({ encoding: 0, bytes });
      expect(codec.decode(zstdCodec.encode(bytes), BLOCK_BYTES)).toBeNull();
    }
  });

  test('that claim another size, a huge window or a dictionary never reach the decoder', () => {
    const decompress = vi.fn(zstd.decompress);
    const codec = frameCodec({ ...zstd, decompress });
    const frame = zstdCodec.encode(compressibleBytes(1, BLOCK_BYTES));
    const damaged = (edit: (bytes: Uint8Array) => void) => {
      const bytes = frame.bytes.slice();
      edit(bytes);
      return { ...frame, bytes };
    };
    expect(codec.decode(frame, BLOCK_BYTES - 1)).toBeNull();
    expect(
      codec.decode(
        damaged((bytes) => bytes.set([bytes[4]! | 1], 4)),
        BLOCK_BYTES,
      ),
    ).toBeNull();
    expect(
      codec.decode(
        damaged((bytes) => bytes.set([0x80, 0xf8], 4)),
        BLOCK_BYTES,
      ),
    ).toBeNull();
    expect(decompress).not.toHaveBeenCalled();
  });

  test('are never two: a compressor that adds an empty frame is not relied on', () => {
    // What workerd answers when the output has exactly 40,960 bytes.
    const empty = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0);
    const compress = (bytes: Uint8Array) => Uint8Array.from([...zstd.compress(bytes), ...empty]);
    const bytes = compressibleBytes(1, BLOCK_BYTES);
    for (const only of [BLOCK_BYTES, 0]) {
      const codec = frameCodec({
        ...zstd,
        compress: (part) => (part.length >= only ? compress(part) : zstd.compress(part)),
      });
      const frame = codec.encode(bytes);
      expect(frame.encoding).toBe(only === 0 ? Encoding.raw : Encoding.zstdHalves);
      expect(codec.decode(frame, BLOCK_BYTES)).toEqual(bytes);
    }
  });

  test('that were stored with one empty frame behind them decode, and with anything else they do not', () => {
    const empty = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0);
    const bytes = compressibleBytes(1, BLOCK_BYTES);
    const whole = zstdCodec.encode(bytes);
    expect(whole.encoding).toBe(Encoding.zstd);
    const followedBy = (...extra: readonly number[]) => ({
      ...whole,
      bytes: Uint8Array.from([...whole.bytes, ...extra]),
    });
    expect(zstdCodec.decode(followedBy(...empty), BLOCK_BYTES)).toEqual(bytes);
    for (let at = 0; at < empty.length; at++) {
      const other = empty.map((byte, i) => (i === at ? byte ^ 1 : byte));
      expect(zstdCodec.decode(followedBy(...other), BLOCK_BYTES)).toBeNull();
      expect(zstdCodec.decode(followedBy(...empty.subarray(0, at + 1)), BLOCK_BYTES)).toEqual(
        at + 1 === empty.length ? bytes : null,
      );
    }
    expect(zstdCodec.decode(followedBy(...empty, ...empty), BLOCK_BYTES)).toBeNull();
    expect(zstdCodec.decode(followedBy(...whole.bytes), BLOCK_BYTES)).toBeNull();
    // An empty frame alone is no block.
    expect(zstdCodec.decode({ ...whole, bytes: empty }, BLOCK_BYTES)).toBeNull();
  });

  test('have no decoder for the reserved codes', () => {
    for (let encoding = DELTA_ENCODINGS.first; encoding <= DELTA_ENCODINGS.last; encoding++) {
      expect(zstdCodec.decode({ encoding, bytes: randomBytes(1, BLOCK_BYTES) }, BLOCK_BYTES)).toBeNull();
    }
  });
});
