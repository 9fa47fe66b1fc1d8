// Glossary of the engine, as types and constants. Every other file of engine/ uses these words in these meanings.
//
//   block   65,536 bytes of a disk, at a multiple of 65,536
//   sector  512 bytes, the unit of addressing
//   digest  BLAKE3-256 of a block (plain) or of a page (derive_key); 32 zero bytes name a hole
//   hole    a block of zeros, or a page of holes: it has no object
//   page    256 child digests, 8,192 bytes; level 1 holds blocks, level n holds pages of level n - 1
//   object  a block or a page, stored once under its digest
//   root    the digest of the level-4 page: the whole content of a disk in 32 bytes

export const BLOCK_BYTES = 65_536;
export const SECTOR_BYTES = 512;
export const SECTORS_PER_BLOCK = BLOCK_BYTES / SECTOR_BYTES;
export const DIGEST_BYTES = 32;
export const PAGE_CHILDREN = 256;
export const PAGE_BYTES = PAGE_CHILDREN * DIGEST_BYTES;
/** Every tree has this height, so a root covers 256 TiB whatever the disk's size (docs/design/0001-disk-head.md). */
export const TREE_LEVELS = 4;
/** Largest disk of the service: 32,768 GiB. */
export const DISK_BYTES_MAX = 32 * 2 ** 40;

/** 32 bytes. Never changed in place once it has been handed out. */
export type Digest = Uint8Array & { readonly __brand?: 'Digest' };

export const Kind = { block: 0, page: 1 } as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/** Names one object. The kind is part of the name: a page's digest used as a block's names nothing. */
export interface ObjectRef {
  readonly kind: Kind;
  readonly digest: Digest;
}

/** The digest of a hole, at every level. */
export const HOLE: Digest = new Uint8Array(DIGEST_BYTES);

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Lower-case hex of any bytes; also the key under which maps hold a digest. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += HEX[bytes[i]!];
  return text;
}

/** Bytes of lower- or upper-case hex. Throws RangeError on anything else. */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || /[^0-9a-fA-F]/.test(text)) throw new RangeError('not hex');
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export function isHole(digest: Digest): boolean {
  for (let i = 0; i < DIGEST_BYTES; i++) if (digest[i] !== 0) return false;
  return true;
}

/** Decoded bytes of an object of this kind: 65,536 or 8,192. */
export function objectBytes(kind: Kind): number {
  return kind === Kind.block ? BLOCK_BYTES : PAGE_BYTES;
}

/** Blocks under one child of a page at `level` (1 to 4): 1, 256, 65,536, 16,777,216. */
export function blocksPerChild(level: number): number {
  return PAGE_CHILDREN ** (level - 1);
}
