// Which objects of a vault are in use: a bit an object, by pack and position. A million objects take 125 KB, and 16 bytes
// for each of their packs: another 250 KB when they are blocks in packs of 64.

export class MarkSet {
  /** Numbers of the packs, ascending, and where each one's bits begin; every pack begins at a byte of its own. */
  readonly #nos: number[] = [];
  readonly #starts: number[] = [];
  #bytes = 0;
  #bits: Uint8Array | null = null;
  /** Marks in packs that came after the first mark: few. */
  readonly #later = new Set<string>();

  /** Makes room for a pack, in ascending order of `no`, before anything is marked. */
  add(no: number, objects: number): void {
    if (this.#bits !== null || no <= (this.#nos.at(-1) ?? -1))
      throw new RangeError('packs are added in order, and first');
    this.#nos.push(no);
    this.#starts.push(this.#bytes);
    this.#bytes += Math.ceil(objects / 8);
  }

  /** True when the object was not marked before. */
  mark(no: number, slot: number): boolean {
    const bits = this.#bitsOf(no);
    if (bits === null) {
      const key = `${no} ${slot}`;
      return !this.#later.has(key) && Boolean(this.#later.add(key));
    }
    const [byte, mask] = [slot >> 3, 1 << (slot & 7)];
    if ((bits[byte]! & mask) !== 0) return false;
    bits[byte]! |= mask;
    return true;
  }

  /** A pack's bits, bit i for the object at position i; null for a pack that was not added. Not to be changed. */
  bitsOf(no: number): Uint8Array | null {
    return this.#bitsOf(no);
  }

  /** Numbers of the packs that were added, ascending. */
  get packNos(): readonly number[] {
    return this.#nos;
  }

  #bitsOf(no: number): Uint8Array | null {
    this.#bits ??= new Uint8Array(this.#bytes);
    const at = this.#indexOf(no);
    return at < 0 ? null : this.#bits.subarray(this.#starts[at]!, this.#starts[at + 1] ?? this.#bytes);
  }

  #indexOf(no: number): number {
    let low = 0;
    for (let high = this.#nos.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (this.#nos[middle]! < no) low = middle + 1;
      else high = middle;
    }
    return this.#nos[low] === no ? low : -1;
  }
}

/** Is bit `i` set? */
export function hasBit(bits: Uint8Array, i: number): boolean {
  return (bits[i >> 3]! & (1 << (i & 7))) !== 0;
}
