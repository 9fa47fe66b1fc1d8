// What requests and answers about blocks look like.

import { z } from '@hono/zod-openapi';
import { NO_COST } from '../../../engine/cost.ts';
import { badRequest } from '../../http/errors.ts';
import { optionalText } from '../../http/fields.ts';

/** Largest page of blocks, and the one that a request without `limit` gets. */
const BLOCKS_MAX = 10_000;
const BLOCKS_DEFAULT = 1_000;

/** The number of blocks that a page may have, as text for the object that makes it. */
export function pageLimit(limit: string | undefined): string {
  if (limit === undefined) return String(BLOCKS_DEFAULT);
  if (!/^\d{1,6}$/.test(limit) || Number(limit) < 1) throw badRequest('limit must be a whole number from 1.');
  return String(Math.min(Number(limit), BLOCKS_MAX));
}

export const BlockList = z.object({ cursor: optionalText, limit: optionalText });

/** `from`: the earlier point, `snapshots/ID`, `backups/ID` or `volumes/ID`; without it, zeros. */
export const ChangeList = z.object({ from: optionalText, cursor: optionalText, limit: optionalText });

/** A part of the allocated blocks. */
export const Blocks = z
  .object({
    blocks: z.array(z.object({ blockIndex: z.number(), digest: z.string() })),
    next: z.number().nullable(),
    sizeBytes: z.number(),
    blockBytes: z.number(),
  })
  .openapi('AllocatedBlocks');

/** What something made the platform do. */
export const Cost = z
  .object(Object.fromEntries(Object.keys(NO_COST).map((name) => [name, z.number()])))
  .openapi('Cost');

export const Status = z
  .object({
    sizeBytes: z.number(),
    storedBytes: z.number(),
    objects: z.number(),
    logEntries: z.number(),
    snapshots: z.array(z.object({ id: z.string(), sealed: z.boolean(), hidden: z.boolean() })),
    hydration: z.object({ remainingBytes: z.number() }).nullable(),
    cost: Cost,
    costUsd: z.number(),
  })
  .openapi('DiskStatus');

/** The whole content of a point in 32 bytes, as hex. */
export const PointState = z.object({ sizeBytes: z.number(), commitment: z.string() }).openapi('PointState');

/** What applying a delta stream led to. */
export const AppliedDelta = z
  .object({ sizeBytes: z.number(), commitment: z.string(), blocks: z.number(), holes: z.number() })
  .openapi('AppliedDelta');

/** A proof as docs/proofs.md describes it. */
export const BlockProof = z
  .object({
    version: z.number(),
    commitment: z.string(),
    sizeBytes: z.number(),
    root: z.string(),
    blockIndex: z.number(),
    digest: z.string().nullable(),
    path: z.array(z.object({ present: z.string(), digests: z.string() })),
  })
  .openapi('BlockProof');

/** A part of the blocks that differ between two points. */
export const Changes = z
  .object({
    from: PointState,
    to: PointState,
    blockBytes: z.number(),
    blocks: z.array(z.object({ blockIndex: z.number(), digest: z.string().nullable(), hole: z.boolean() })),
    next: z.string().nullable(),
    counts: z.object({ blocks: z.number(), holes: z.number(), pagesRead: z.number() }),
    cost: Cost,
  })
  .openapi('ChangedBlocks');
