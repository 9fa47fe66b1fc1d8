// The data service, under /data/v1: the bytes of volumes, snapshots and backups.

import { z } from '@hono/zod-openapi';
import { NO_COST } from '../../../engine/cost.ts';
import { fault } from '../../faults.ts';
import { ApiError, badRequest, FaultError } from '../../http/errors.ts';
import { optionalText } from '../../http/fields.ts';
import { type App, type Call, Routes } from '../../http/operation.ts';
import type { DataGrant, DataTarget } from '../../project/contract.ts';
import { forgetGrant, grantFor } from './grants.ts';
import { askObject, refusalOf } from './objects.ts';
import { type ByteRange, parseRange, parseWriteRange, SECTOR_BYTES } from './ranges.ts';
import { exactly, takeBody, trim } from './streams.ts';

/** How long to wait for the reason when a write broke off. */
const BODY_VERDICT_MS = 200;

type AnyCall = Call<unknown, unknown>;
type Kind = DataTarget['kind'];

const floor = (bytes: number) => bytes - (bytes % SECTOR_BYTES);
const ceil = (bytes: number) => floor(bytes + SECTOR_BYTES - 1);

function headersOf(grant: DataGrant, range: ByteRange | null): Record<string, string> {
  const length = range?.length ?? grant.sizeBytes;
  return {
    'Content-Type': 'application/octet-stream',
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'no-store',
    'X-Evs-Size-Bytes': String(grant.sizeBytes),
    'X-Evs-Sector-Bytes': String(SECTOR_BYTES),
    'Content-Length': String(length),
    ...(range === null
      ? {}
      : { 'Content-Range': `bytes ${range.offset}-${range.offset + range.length - 1}/${grant.sizeBytes}` }),
  };
}

/** The range of the request. A remembered grant may not know that the disk has grown, so beyond its end ask again. */
async function rangeOf(call: AnyCall, target: DataTarget): Promise<{ grant: DataGrant; range: ByteRange | null }> {
  const header = call.c.req.header('range');
  const grant = await grantFor(call, target, 'read');
  try {
    return { grant, range: parseRange(header, grant.sizeBytes) };
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 416) throw error;
    const renewed = await grantFor(call, target, 'read', 'fresh');
    return { grant: renewed, range: parseRange(header, renewed.sizeBytes) };
  }
}

async function read(call: AnyCall, target: DataTarget): Promise<Response> {
  const { grant, range } = await rangeOf(call, target);
  const status = range === null ? 200 : 206;
  const headers = headersOf(grant, range);
  if (call.c.req.raw.method === 'HEAD') return new Response(null, { status: 200, headers: headersOf(grant, null) });
  const { offset, length } = range ?? { offset: 0, length: grant.sizeBytes };
  const from = floor(offset);
  const to = ceil(offset + length);
  const answer = await askObject(call.env, grant, 'bytes', { offset: String(from), length: String(to - from) });
  if (answer.status !== 200 || answer.body === null) throw await refused(call, target, 'read', answer);
  const isAligned = from === offset && to === offset + length;
  const body = isAligned ? sized(grant, answer, length) : exactly(trim(answer.body, offset - from, length), length);
  return new Response(body, { status, headers });
}

/** A Disk's body knows its length and goes out as it is. Others get a pipe that holds them to it. */
function sized(grant: DataGrant, answer: Response, length: number): ReadableStream<Uint8Array> {
  const isKnown = grant.kind === 'disk' && answer.headers.get('content-length') === String(length);
  return isKnown ? answer.body! : exactly(answer.body!, length);
}

async function write(call: AnyCall, target: DataTarget): Promise<Response> {
  const request = call.c.req.raw;
  const { offset, length } = parseWriteRange(request.headers);
  const grant = await grantFor(call, target, 'write');
  if (request.body === null) throw new ApiError(400, 'The body is empty.', { code: 'body-size' });
  const body = await takeBody(request, request.body, length);
  const query = { offset: String(offset), length: String(length) };
  let answer: Response;
  try {
    answer = await askObject(call.env, grant, 'bytes', query, { method: 'PUT', body: body.stream });
  } catch (error) {
    // A body that broke off breaks the request to the object too: what is wrong with it is what the client must know.
    if (!ofPlatform(error)) await Promise.race([body.counted, scheduler.wait(BODY_VERDICT_MS)]);
    throw error;
  }
  if (answer.status !== 204) {
    await settled(body.counted);
    throw body.refusal() ?? (await refused(call, target, 'write', answer));
  }
  await body.counted;
  return new Response(null, { status: 204 });
}

/** Waits, but not for long, until the pipe of a refused body has let go of it. */
async function settled(counted: Promise<void>): Promise<void> {
  await Promise.race([counted.catch(() => undefined), scheduler.wait(BODY_VERDICT_MS)]);
}

/** The object itself failed, and the platform says so. */
function ofPlatform(error: unknown): boolean {
  const { retryable, overloaded, durableObjectReset } = error as Record<string, unknown>;
  return Boolean(retryable || overloaded || durableObjectReset);
}

async function refused(
  call: AnyCall,
  target: DataTarget,
  right: 'read' | 'write',
  answer: Response,
): Promise<ApiError> {
  const error = await refusalOf(answer, right);
  if (error.status === 404) forgetGrant(call, target, right);
  return error;
}

/** Largest page of block digests. */
const BLOCKS_MAX = 10_000;

const BlockList = z.object({ cursor: optionalText, limit: optionalText });

async function blocks(call: Call<z.output<typeof BlockList>, unknown>, target: DataTarget): Promise<Response> {
  const { cursor = '0', limit = '1000' } = call.query;
  if (!/^\d{1,10}$/.test(cursor)) throw badRequest('cursor must be a block index, as the last answer gave it in next.');
  if (!/^\d{1,6}$/.test(limit) || Number(limit) < 1) throw badRequest('limit must be a whole number from 1.');
  const grant = await grantFor(call, target, 'read');
  const query = { cursor, limit: String(Math.min(Number(limit), BLOCKS_MAX)) };
  const answer = await askObject(call.env, grant, 'blocks', query);
  if (answer.status !== 200) throw await refused(call, target, 'read', answer);
  return new Response(answer.body, { status: 200, headers: { 'Content-Type': 'application/json' } });
}

const Blocks = z
  .object({
    blocks: z.array(z.object({ blockIndex: z.number(), digest: z.string() })),
    next: z.number().nullable(),
    sizeBytes: z.number(),
    blockBytes: z.number(),
  })
  .openapi('AllocatedBlocks');

const Cost = z.object(Object.fromEntries(Object.keys(NO_COST).map((name) => [name, z.number()]))).openapi('Cost');

const Status = z
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

/** How the disk itself stands: what is still to be folded or fetched, and what it has cost since it came into memory. */
async function status(call: AnyCall, target: DataTarget): Promise<Response> {
  const grant = await grantFor(call, target, 'read');
  if (grant.kind !== 'disk') throw badRequest('Only a volume has a status here.');
  const found = await call.env.DISK.get(call.env.DISK.idFromName(grant.diskId)).status(grant.owner);
  if (found === null) throw new FaultError(fault('volume-not-found', { id: target.id }));
  return Response.json(found);
}

/** Registers the service. */
export function registerData(app: App): void {
  const routes = new Routes(app, '/data/v1/{project_id}', { tag: 'data', envelope: 'plain', access: 'project' });
  routes.get('/volumes/{id}/status', {
    summary: 'How a disk stands: what is left to fold and to fetch, and what it has cost',
    answers: { 200: Status },
    handle: (call) => status(call, { kind: 'volume', id: call.params.id! }),
  });
  for (const kind of ['volume', 'snapshot', 'backup'] as const satisfies readonly Kind[]) {
    const target = (call: AnyCall): DataTarget => ({ kind, id: call.params.id! });
    routes
      .get(`/${kind}s/{id}/blocks`, {
        summary: `Allocated 64 KiB blocks of a ${kind}, with their digests`,
        query: BlockList,
        answers: { 200: Blocks },
        handle: (call) => blocks(call, target(call)),
      })
      .get(`/${kind}s/{id}`, {
        summary: `Bytes of a ${kind}, whole or a Range (HEAD: its size)`,
        answers: { 200: null, 206: null },
        handle: (call) => read(call, target(call)),
      })
      .put(`/${kind}s/{id}`, {
        summary:
          kind === 'volume'
            ? 'Write bytes at a Content-Range, or from the beginning'
            : `Refused: a ${kind} is read only`,
        answers: kind === 'volume' ? { 204: null } : { 403: null },
        handle: async (call) => {
          if (kind === 'volume') return await write(call, target(call));
          await call.ask((project, caller) => project.checkToken(caller));
          throw new FaultError(fault('data-readonly', { kind, id: call.params.id! }));
        },
      });
  }
}
