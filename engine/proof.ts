// Proofs: that a block, or a hole, is what a disk of some content has at some index. A proof leads from 32 bytes that the
// reader knows and trusts, the commitment of a point, to the block's digest; checking it needs the kernel and nothing
// else (docs/proofs.md).

import { EngineError } from './errors.ts';
import { verifyPath } from './kernel/merkle.ts';
import type { Kernel } from './kernel.ts';
import { digestAt, type Objects } from './objects.ts';
import type { Job } from './steps.ts';
import { needPage } from './tree.ts';
import {
  BLOCK_BYTES,
  blocksPerChild,
  bytesEqual,
  DIGEST_BYTES,
  DISK_BYTES_MAX,
  type Digest,
  fromHex,
  HOLE,
  isHole,
  PAGE_BYTES,
  PAGE_CHILDREN,
  TREE_LEVELS,
  toHex,
} from './types.ts';

export const PROOF_VERSION = 1;

/** A page without its holes. */
export interface ProofPage {
  /** 256 bits as 64 hex digits, child 0 in the highest bit of the first byte: which children are no holes. */
  readonly present: string;
  /** Their digests, in order, one after the other: 64 hex digits each. */
  readonly digests: string;
}

/** A proof as it travels: JSON, digests as lower-case hex. */
export interface BlockProof {
  readonly version: 1;
  /** derive_key(root, sizeBytes): what the reader has to know from elsewhere. */
  readonly commitment: string;
  readonly sizeBytes: number;
  readonly root: string;
  readonly blockIndex: number;
  /** null: the block is a hole, all zeros. */
  readonly digest: string | null;
  /** The pages from the root down to the block: of level 4, 3, 2 and 1. */
  readonly path: readonly ProofPage[];
}

/**
 * The proof of a block, or hole, of a tree. Reads one page a level. Throws EngineError `out-of-range` for a block beyond
 * the size, `damaged` for a page that cannot be read.
 */
export function* proveBlock(
  objects: Objects,
  kernel: Kernel,
  point: { readonly root: Digest; readonly sizeBytes: number },
  blockIndex: number,
): Job<BlockProof> {
  const { root, sizeBytes } = point;
  if (!isBlockOf(blockIndex, sizeBytes)) throw new EngineError('out-of-range', `${blockIndex} is no block of the disk`);
  const path: ProofPage[] = [];
  let digest = root;
  for (let level = TREE_LEVELS; level >= 1; level--) {
    const page = yield* needPage(objects, digest);
    path.push(packPage(kernel, page));
    digest = digestAt(page, Math.floor(blockIndex / blocksPerChild(level)) % PAGE_CHILDREN);
  }
  return {
    version: PROOF_VERSION,
    commitment: toHex(kernel.rootCommitment(root, sizeBytes)),
    sizeBytes,
    root: toHex(root),
    blockIndex,
    digest: isHole(digest) ? null : toHex(digest),
    path,
  };
}

/** What a reader knows besides the proof. */
export interface Known {
  /** Of the point, from whoever the reader trusts: 64 hex digits. */
  readonly commitment: string;
  readonly blockIndex: number;
  /** The block's 65,536 bytes, where they are to be checked too. */
  readonly bytes?: Uint8Array;
}

/** `digest`: of the block that was proven; null for a hole. */
export type Verdict =
  | { readonly ok: true; readonly digest: string | null }
  | { readonly ok: false; readonly why: string };

/** Is this a proof of what is known? Takes any value, and never throws for one that is no proof. */
export function verifyProof(kernel: Kernel, proof: unknown, known: Known): Verdict {
  const no = (why: string): Verdict => ({ ok: false, why });
  if (!isProof(proof)) return no('it has not the form of a proof');
  const { sizeBytes, blockIndex } = proof;
  if (blockIndex !== known.blockIndex) return no('it is of another block');
  if (!isBlockOf(blockIndex, sizeBytes)) return no('the block lies beyond the end');
  if (proof.commitment !== known.commitment) return no('it is of another content');
  const root = fromHex(proof.root);
  if (toHex(kernel.rootCommitment(root, sizeBytes)) !== known.commitment) return no('root and size are others');
  const pages = proof.path.map(unpackPage);
  if (!pages.every((page) => page !== null)) return no('a page has not the digests that it announces');
  const digest = proof.digest === null ? HOLE : fromHex(proof.digest);
  if (proof.digest !== null && isHole(digest)) return no('a hole has no digest');
  if (!verifyPath(kernel, root, blockIndex, digest, pages))
    return no('its pages do not lead from the root to the block');
  if (known.bytes && !isContent(kernel, known.bytes, digest)) return no('the bytes are others');
  return { ok: true, digest: proof.digest };
}

function isContent(kernel: Kernel, bytes: Uint8Array, digest: Digest): boolean {
  return bytes.length === BLOCK_BYTES && bytesEqual(kernel.hashBlocks(bytes), digest);
}

function isBlockOf(blockIndex: number, sizeBytes: number): boolean {
  return Number.isSafeInteger(blockIndex) && blockIndex >= 0 && blockIndex * BLOCK_BYTES < sizeBytes;
}

function packPage(kernel: Kernel, page: Uint8Array): ProofPage {
  const present = new Uint8Array(PAGE_CHILDREN / 8);
  let digests = '';
  for (const child of kernel.presentChildren(page)) {
    present[child >> 3]! |= 0x80 >> (child & 7);
    digests += toHex(digestAt(page, child));
  }
  return { present: toHex(present), digests };
}

/** The whole page; null unless there is one digest, and not that of a hole, for each child that is present. */
function unpackPage({ present, digests }: ProofPage): Uint8Array | null {
  const page = new Uint8Array(PAGE_BYTES);
  const bits = fromHex(present);
  const packed = fromHex(digests);
  let at = 0;
  for (let child = 0; child < PAGE_CHILDREN; child++) {
    if ((bits[child >> 3]! & (0x80 >> (child & 7))) === 0) continue;
    const digest = packed.subarray(at, at + DIGEST_BYTES);
    if (digest.length < DIGEST_BYTES || isHole(digest)) return null;
    page.set(digest, child * DIGEST_BYTES);
    at += DIGEST_BYTES;
  }
  return at === packed.length ? page : null;
}

/** Lower case only: each proof has one form. */
const HEX_DIGEST = /^[0-9a-f]{64}$/;
const HEX_DIGESTS = /^(?:[0-9a-f]{64}){0,256}$/;

function isProof(value: unknown): value is BlockProof {
  if (typeof value !== 'object' || value === null) return false;
  const { version, commitment, sizeBytes, root, blockIndex, digest, path } = value as Record<string, unknown>;
  return (
    version === PROOF_VERSION &&
    isText(commitment, HEX_DIGEST) &&
    isText(root, HEX_DIGEST) &&
    (digest === null || isText(digest, HEX_DIGEST)) &&
    Number.isSafeInteger(blockIndex) &&
    Number.isSafeInteger(sizeBytes) &&
    (sizeBytes as number) > 0 &&
    (sizeBytes as number) <= DISK_BYTES_MAX &&
    Array.isArray(path) &&
    path.length === TREE_LEVELS &&
    path.every(isPage)
  );
}

function isPage(value: unknown): value is ProofPage {
  if (typeof value !== 'object' || value === null) return false;
  const { present, digests } = value as Record<string, unknown>;
  return isText(present, HEX_DIGEST) && isText(digests, HEX_DIGESTS);
}

function isText(value: unknown, form: RegExp): value is string {
  return typeof value === 'string' && form.test(value);
}
