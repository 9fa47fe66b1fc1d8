// What is in a pack, read from object storage alone: by its trailer with one read of the last bytes, or, when the
// trailer is damaged, by walking the frames' headers through the whole pack.

import type { Kernel } from '../kernel.ts';
import type { Obs } from '../ports.ts';
import { Kind, objectBytes } from '../types.ts';
import {
  decodeEntries,
  decodeFooter,
  FRAME_HEADER_BYTES,
  footerMatches,
  PACK_BYTES_MAX,
  PACK_FOOTER_BYTES,
  PACK_HEAD_BYTES,
  readFrameHeader,
  TRAILER_ENTRY_BYTES,
} from './pack-format.ts';
import type { PackEntry } from './ports.ts';

/** Enough for the trailer of 1,363 objects; a longer one costs a second read. */
const SUFFIX_BYTES = 65_536;

export interface PackContents {
  readonly entries: readonly PackEntry[];
  readonly sizeBytes: number;
  /** 'scan': the trailer was damaged. Entries are what headers claim; content is checked by whoever reads it. */
  readonly foundBy: 'trailer' | 'scan';
  /** The whole pack, where it had to be scanned. */
  readonly bytes?: Uint8Array;
}

/** The contents of the pack at `key`; null when there is no such object. Never throws for damage: entries are missing. */
export async function readPack(obs: Obs, kernel: Kernel, key: string): Promise<PackContents | null> {
  const suffix = await obs.getSuffix(key, SUFFIX_BYTES);
  if (suffix === null) return null;
  const entries = await readTrailer(obs, kernel, key, suffix);
  if (entries !== null) return { entries, sizeBytes: suffix.sizeBytes, foundBy: 'trailer' };
  if (suffix.sizeBytes > PACK_BYTES_MAX) return { entries: [], sizeBytes: suffix.sizeBytes, foundBy: 'scan' };
  const whole = await obs.get(key);
  return whole && { entries: scanPack(kernel, whole), sizeBytes: whole.length, foundBy: 'scan', bytes: whole };
}

async function readTrailer(
  obs: Obs,
  kernel: Kernel,
  key: string,
  suffix: { bytes: Uint8Array; sizeBytes: number },
): Promise<PackEntry[] | null> {
  const { bytes, sizeBytes } = suffix;
  if (bytes.length < PACK_FOOTER_BYTES) return null;
  const footerBytes = bytes.subarray(bytes.length - PACK_FOOTER_BYTES);
  const footer = decodeFooter(footerBytes);
  const trailerBytes = footer ? footer.entries * TRAILER_ENTRY_BYTES : 0;
  if (!footer || footer.trailerOffset + trailerBytes + PACK_FOOTER_BYTES !== sizeBytes) return null;
  const held = bytes.length - PACK_FOOTER_BYTES;
  const trailer =
    trailerBytes <= held
      ? bytes.subarray(held - trailerBytes, held)
      : await obs.getRange(key, footer.trailerOffset, trailerBytes);
  return trailer && footerMatches(kernel, footerBytes, trailer) ? decodeEntries(trailer) : null;
}

/**
 * Frames of a whole pack by their headers. Where one is damaged, the next good header is looked for byte by byte, so a
 * flip costs the frames that it hit and no other. A block that itself holds a pack may show headers of its own there:
 * what they name is true by its digest, or is refused by it.
 */
export function scanPack(kernel: Kernel, pack: Uint8Array): PackEntry[] {
  const entries: PackEntry[] = [];
  let at = PACK_HEAD_BYTES;
  while (at + FRAME_HEADER_BYTES <= pack.length) {
    const header = readFrameHeader(kernel, pack, at);
    const offset = at + FRAME_HEADER_BYTES;
    const plausible =
      header !== null &&
      (header.kind === Kind.block || header.kind === Kind.page) &&
      header.length <= objectBytes(header.kind) &&
      offset + header.length <= pack.length;
    if (plausible) entries.push({ ...header, offset });
    at = plausible ? offset + header.length : at + 1;
  }
  return entries;
}
