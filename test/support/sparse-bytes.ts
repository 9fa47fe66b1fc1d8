// A sparse byte array of any length: what a disk must hold. Copies are cheap, its blocks are never changed in place.

const BLOCK_BYTES = 65_536;

export class SparseBytes {
  readonly #blocks: Map<number, Uint8Array>;

  constructor(blocks: ReadonlyMap<number, Uint8Array> = new Map()) {
    this.#blocks = new Map(blocks);
  }

  copy(): SparseBytes {
    return new SparseBytes(this.#blocks);
  }

  write(offset: number, bytes: Uint8Array): void {
    for (const part of parts(offset, bytes.length)) {
      const block = Uint8Array.from(this.#blocks.get(part.block) ?? new Uint8Array(BLOCK_BYTES));
      block.set(bytes.subarray(part.at, part.at + part.length), part.inBlock);
      this.#blocks.set(part.block, block);
    }
  }

  read(offset: number, length: number): Uint8Array {
    const out = new Uint8Array(length);
    for (const part of parts(offset, length)) {
      const block = this.#blocks.get(part.block);
      if (block) out.set(block.subarray(part.inBlock, part.inBlock + part.length), part.at);
    }
    return out;
  }

  /** Ranges that were written, neighbouring blocks together, each at most `max` bytes. */
  ranges(max = 2 ** 20): { offset: number; length: number }[] {
    const found: { offset: number; length: number }[] = [];
    for (const block of [...this.#blocks.keys()].sort((a, b) => a - b)) {
      const last = found.at(-1);
      const offset = block * BLOCK_BYTES;
      if (last && last.offset + last.length === offset && last.length < max) last.length += BLOCK_BYTES;
      else found.push({ offset, length: BLOCK_BYTES });
    }
    return found;
  }
}

function* parts(offset: number, length: number) {
  for (let at = 0; at < length; ) {
    const block = Math.floor((offset + at) / BLOCK_BYTES);
    const inBlock = offset + at - block * BLOCK_BYTES;
    const size = Math.min(BLOCK_BYTES - inBlock, length - at);
    yield { block, inBlock, at, length: size };
    at += size;
  }
}
