// A bounded memory of frames that came from object storage, in the form of an ObjectStore, so that the tree's readers
// work on a vault as they do on a disk. Frames in here are unchecked; engine/objects.ts checks what it reads.

import { refKey } from '../memory/rows.ts';
import type { Frame, ObjectStore, ScanCursor, StoredObject } from '../ports.ts';
import type { ObjectRef } from '../types.ts';

/** Forgets what was used least recently. Reads go to `behind` first, when there is one; writes never do. */
export class FrameCache implements ObjectStore {
  readonly #bytesMax: number;
  readonly #behind: ObjectStore | null;
  readonly #frames = new Map<string, Frame>();
  #bytes = 0;

  /** `behind`: a disk's own store, which this one adds to without changing it. */
  constructor(bytesMax: number, behind: ObjectStore | null = null) {
    this.#bytesMax = bytesMax;
    this.#behind = behind;
  }

  getMany(refs: readonly ObjectRef[]): (Frame | null)[] {
    const found = this.#behind?.getMany(refs);
    return refs.map((ref, i) => found?.[i] ?? this.#get(refKey(ref)));
  }

  getPart(ref: ObjectRef, encoding: number, offset: number, length: number): Uint8Array | null {
    const [frame] = this.getMany([ref]);
    const isThere = frame?.encoding === encoding && offset + length <= frame.bytes.length;
    return isThere ? frame.bytes.slice(offset, offset + length) : null;
  }

  hasMany(refs: readonly ObjectRef[]): boolean[] {
    const found = this.#behind?.hasMany(refs);
    return refs.map((ref, i) => found?.[i] || this.#frames.has(refKey(ref)));
  }

  putMany(objects: readonly StoredObject[]): number {
    const fresh = objects.filter((object) => !this.#frames.has(refKey(object)));
    this.replaceMany(fresh);
    return fresh.length;
  }

  replaceMany(objects: readonly StoredObject[]): void {
    for (const object of objects) {
      const key = refKey(object);
      this.#drop(key);
      this.#frames.set(key, object.frame);
      this.#bytes += object.frame.bytes.length;
    }
    for (const key of this.#frames.keys()) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#drop(key);
    }
  }

  deleteMany(refs: readonly ObjectRef[]): void {
    for (const ref of refs) this.#drop(refKey(ref));
  }

  scan(_cursor: ScanCursor | null, _limit: number): { refs: ObjectRef[]; next: ScanCursor | null } {
    throw new Error('a cache is not scanned');
  }

  usage(): { objects: number; storedBytes: number } {
    return { objects: this.#frames.size, storedBytes: this.#bytes };
  }

  #get(key: string): Frame | null {
    const frame = this.#frames.get(key);
    if (!frame) return null;
    this.#frames.delete(key);
    this.#frames.set(key, frame);
    // A copy, as from any store: whoever asks may release it.
    return { encoding: frame.encoding, bytes: frame.bytes.slice() };
  }

  #drop(key: string): void {
    const frame = this.#frames.get(key);
    if (!frame) return;
    this.#bytes -= frame.bytes.length;
    this.#frames.delete(key);
  }
}
