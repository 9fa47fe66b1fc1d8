// Objects: the one place where bytes become frames and frames become bytes. What is written is hashed, deduplicated and
// encoded here; what is read is decoded and checked against its name here. Pages that were checked stay in a small cache.

import { BlockParts } from './block-parts.ts';
import { Encoding } from './codec.ts';
import type { EngineHost } from './host.ts';
import type { Kernel } from './kernel.ts';
import type { PageShelf } from './page-cache.ts';
import type { Frame, ObjectStore, StoredObject } from './ports.ts';
import { release } from './release.ts';
import {
  bytesEqual,
  DIGEST_BYTES,
  type Digest,
  HOLE,
  isHole,
  Kind,
  type ObjectRef,
  objectBytes,
  PAGE_BYTES,
  toHex,
} from './types.ts';

/** The checked bytes of an object, or why there are none. Callers must not change the bytes. */
export type Lookup = Uint8Array | 'absent' | 'damaged';

/** Encoding of an object that stands for lost content: it can be named but never read (docs/design/0001-disk-head.md). */
export const ENCODING_LOST = 14;

/** Digests whose stored bytes were checked lately: 400 KB of keys a disk at most. */
const TRUSTED_MAX = 4_096;

const ZERO_PAGE = new Uint8Array(PAGE_BYTES);

export class Objects {
  readonly store: ObjectStore;
  readonly #host: EngineHost;
  /** Checked pages by digest. */
  readonly #pages: PageShelf;
  /** Reads of little of a block. */
  readonly parts: BlockParts;
  /** Digests whose stored bytes were seen to be wrong: the next write of the same content replaces them. */
  readonly #bad = new Set<string>();
  /** Digests whose stored bytes are known to be right, oldest first: a write of the same content may rely on them. */
  readonly #trusted = new Set<string>();
  /** Told of every reference that is created. The collector's barrier; without it collection loses data. */
  onReference: ((digests: readonly Digest[]) => void) | null = null;

  constructor(store: ObjectStore, host: EngineHost) {
    this.store = store;
    this.#host = host;
    this.#pages = host.pages.shelf();
    const readBlock = (ref: ObjectRef) => this.read([ref])[0]!;
    this.parts = new BlockParts({ store, kernel: host.kernel, readBlock }, host.parts);
  }

  /** What the objects are hashed with. */
  get kernel(): Kernel {
    return this.#host.kernel;
  }

  /** Forgets everything that is only in memory, so that the next read looks at what is stored. */
  dropCaches(): void {
    this.#pages.clear();
    this.parts.clear();
    this.#trusted.clear();
  }

  /** Checked bytes for each ref, in order. A block's are the caller's to release; a hole's ref gives zeros, which are shared. */
  read(refs: readonly ObjectRef[]): Lookup[] {
    const out: Lookup[] = new Array(refs.length);
    const wanted: number[] = [];
    refs.forEach((ref, i) => {
      const cached = isHole(ref.digest) ? zeros(ref.kind) : this.#cached(ref);
      if (cached) out[i] = cached;
      else wanted.push(i);
    });
    if (wanted.length === 0) return out;
    const frames = this.store.getMany(wanted.map((i) => refs[i]!));
    const opened = this.#open(
      wanted.map((i) => refs[i]!),
      frames,
    );
    wanted.forEach((i, j) => {
      const found = opened[j]!;
      const ref = refs[i]!;
      if (found === 'damaged') this.#bad.add(toHex(ref.digest));
      else if (found !== 'absent' && ref.kind === Kind.page) this.#pages.put(toHex(ref.digest), found);
      out[i] = found;
      const frame = frames[j];
      if (frame && frame.bytes !== found) release(frame.bytes);
    });
    return out;
  }

  /** Checked bytes of one page; a hole gives 8,192 zeros. */
  readPage(digest: Digest): Lookup {
    return this.read([{ kind: Kind.page, digest }])[0]!;
  }

  /**
   * The stored frame of each ref after checking that it decodes to its name: what a backup sends, and how a scrub looks
   * at what is stored. No cache hides anything from it.
   */
  readFrames(refs: readonly ObjectRef[]): (Frame | 'absent' | 'damaged')[] {
    const frames = this.store.getMany(refs);
    return this.#open(refs, frames).map((found, i) => {
      if (typeof found === 'string') {
        this.#trusted.delete(toHex(refs[i]!.digest));
        return found;
      }
      const frame = frames[i]!;
      if (found !== frame.bytes) release(found);
      return frame;
    });
  }

  /** The name of what is really stored under `ref`; null where nothing is, or nothing that decodes. */
  nameOfStored(ref: ObjectRef): Digest | null {
    const { kernel, codec } = this.#host;
    const frame = this.store.getMany([ref])[0];
    const bytes = frame && codec.decode(frame, objectBytes(ref.kind));
    if (!bytes) return null;
    return ref.kind === Kind.block ? kernel.hashBlocksOf([bytes]) : kernel.hashPagesOf([bytes]);
  }

  /** True for an object that stands for lost content. */
  isLost(ref: ObjectRef): boolean {
    return this.store.getMany([ref])[0]?.encoding === ENCODING_LOST;
  }

  /**
   * Stores content under its name and returns the names in order; zeros become HOLE and store nothing. Each entry is
   * 65,536 or 8,192 bytes, by kind. Content that is there already is not stored again, but it is read and checked first:
   * a write that was acknowledged must not rest on an object that went bad unseen. Pages are the store's from now on: the
   * caller must not change them.
   */
  insert(kind: Kind, contents: readonly Uint8Array[]): Digest[] {
    if (contents.length === 0) return [];
    const { kernel, codec } = this.#host;
    const joined = kind === Kind.block ? kernel.hashBlocksOf(contents) : kernel.hashPagesOf(contents);
    const digests = contents.map((_, i) => digestAt(joined, i));
    const fresh = new Map<string, { ref: ObjectRef; bytes: Uint8Array }>();
    contents.forEach((bytes, i) => {
      const digest = digests[i]!;
      if (!isHole(digest)) fresh.set(toHex(digest), { ref: { kind, digest }, bytes });
    });
    const candidates = [...fresh.values()];
    const present = this.store.hasMany(candidates.map((c) => c.ref));
    this.#check(candidates.filter((_, i) => present[i]).map((c) => c.ref));
    const missing: StoredObject[] = [];
    const wrong: StoredObject[] = [];
    candidates.forEach(({ ref, bytes }, i) => {
      const bad = this.#bad.delete(toHex(ref.digest));
      if (present[i] && !bad) return;
      // Not trusted yet: the transaction that this is part of may still be undone.
      (bad ? wrong : missing).push({ ...ref, frame: codec.encode(bytes) });
    });
    if (missing.length > 0) this.store.putMany(missing);
    if (wrong.length > 0) this.store.replaceMany(wrong);
    for (const { frame } of [...missing, ...wrong]) if (frame.encoding !== Encoding.raw) release(frame.bytes);
    if (kind === Kind.page) for (const { ref, bytes } of candidates) this.#pages.put(toHex(ref.digest), bytes);
    this.onReference?.(digests);
    return digests;
  }

  /** Names `digest` as lost: returns the name of an object that can never be read, and stores it. */
  insertLost(ref: ObjectRef): Digest {
    const digest = this.#host.kernel.hashParts([LOST_PREFIX, ref.digest]);
    this.store.putMany([{ kind: ref.kind, digest, frame: { encoding: ENCODING_LOST, bytes: ref.digest } }]);
    this.onReference?.([digest]);
    return digest;
  }

  /**
   * Takes frames that came from elsewhere. Only those whose content matches their name are stored, over what was there
   * when that was damaged. Returns for each whether it is here now.
   */
  adopt(refs: readonly ObjectRef[], frames: readonly (Frame | null)[]): boolean[] {
    const good = this.#open(refs, frames).map((found, i) => {
      if (typeof found === 'string') return false;
      if (found !== frames[i]!.bytes) release(found);
      return true;
    });
    const objects = refs.flatMap((ref, i) => (good[i] ? [{ ...ref, frame: frames[i]! }] : []));
    for (const ref of objects) this.#bad.delete(toHex(ref.digest));
    this.store.replaceMany(objects);
    this.onReference?.(objects.map((object) => object.digest));
    return good;
  }

  /** Reads what is stored under these names, unless it was checked lately, and remembers what is bad. */
  #check(refs: readonly ObjectRef[]): void {
    const unknown = refs.filter((ref) => !this.#trusted.has(toHex(ref.digest)));
    if (unknown.length === 0) return;
    this.#open(unknown, this.store.getMany(unknown)).forEach((found, i) => {
      if (typeof found === 'string') this.#bad.add(toHex(unknown[i]!.digest));
      else this.#trust(unknown[i]!);
    });
  }

  #trust(ref: ObjectRef): void {
    const key = toHex(ref.digest);
    this.#trusted.delete(key);
    this.#trusted.add(key);
    if (this.#trusted.size > TRUSTED_MAX) this.#trusted.delete(this.#trusted.keys().next().value!);
  }

  #open(refs: readonly ObjectRef[], frames: readonly (Frame | null)[]): Lookup[] {
    const { kernel, codec } = this.#host;
    const out: Lookup[] = refs.map((ref, i) => {
      const frame = frames[i];
      if (!frame) return 'absent';
      return codec.decode(frame, objectBytes(ref.kind)) ?? 'damaged';
    });
    for (const kind of [Kind.block, Kind.page]) {
      const at = refs.flatMap((ref, i) => (ref.kind === kind && typeof out[i] !== 'string' ? [i] : []));
      if (at.length === 0) continue;
      const contents = at.map((i) => out[i] as Uint8Array);
      const joined = kind === Kind.block ? kernel.hashBlocksOf(contents) : kernel.hashPagesOf(contents);
      at.forEach((i, j) => {
        if (!bytesEqual(digestAt(joined, j), refs[i]!.digest)) out[i] = 'damaged';
      });
    }
    return out;
  }

  #cached(ref: ObjectRef): Uint8Array | undefined {
    if (ref.kind !== Kind.page) return undefined;
    return this.#pages.get(toHex(ref.digest));
  }
}

const LOST_PREFIX = new TextEncoder().encode('edge-evs lost content ');

let zeroBlock: Uint8Array | null = null;

function zeros(kind: Kind): Uint8Array {
  if (kind === Kind.page) return ZERO_PAGE;
  zeroBlock ??= new Uint8Array(objectBytes(Kind.block));
  return zeroBlock;
}

/** n digests as n * 32 bytes. */
export function joinDigests(digests: readonly Digest[]): Uint8Array {
  const joined = new Uint8Array(digests.length * DIGEST_BYTES);
  digests.forEach((digest, i) => {
    joined.set(digest, i * DIGEST_BYTES);
  });
  return joined;
}

/** Digest number `index` of n joined ones. A view: the joined array must not be changed afterwards. */
export function digestAt(joined: Uint8Array, index: number): Digest {
  const digest = joined.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES);
  return isHole(digest) ? HOLE : digest;
}
