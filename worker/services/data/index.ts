// The data service, under /data/v1: the bytes of volumes, snapshots and backups.

import type { z } from '@hono/zod-openapi';
import { fault } from '../../faults.ts';
import { ApiError, badRequest, FaultError } from '../../http/errors.ts';
import { type App, type Call, Routes } from '../../http/operation.ts';
import type { DataGrant, DataTarget } from '../../project/contract.ts';
import { blockRoutes } from './blocks.ts';
import { changeRoutes } from './changes.ts';
import { costRoutes } from './cost.ts';
import { grantFor } from './grants.ts';
import { nbdRoutes } from './nbd.ts';
import { askObject, refused } from './objects.ts';
import { operationRoutes } from './operations.ts';
import { type ByteRange, parseRange, parseWriteRange, SECTOR_BYTES } from './ranges.ts';
import { retentionRoutes } from './retention.ts';
import { scrubRoutes } from './scrub.ts';
import { BlockList, Blocks, pageLimit, Status } from './shapes.ts';
import { answerTo, exactly, takeBody, trim } from './streams.ts';
import { vaultRoutes } from './vaults.ts';

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
  if (answer.status !== 200 || answer.body === null) throw await refused(call, [target], 'read', answer);
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
  const asked = askObject(call.env, grant, 'bytes', query, { method: 'PUT', body: body.stream });
  const answer = await answerTo(asked, body, (response) => response.status === 204);
  if (answer.status !== 204) throw body.refusal() ?? (await refused(call, [target], 'write', answer));
  return new Response(null, { status: 204 });
}

async function blocks(call: Call<z.output<typeof BlockList>, unknown>, target: DataTarget): Promise<Response> {
  const { cursor = '0', limit } = call.query;
  if (!/^\d{1,10}$/.test(cursor)) throw badRequest('cursor must be a block index, as the last answer gave it in next.');
  const grant = await grantFor(call, target, 'read');
  const query = { cursor, limit: pageLimit(limit) };
  const answer = await askObject(call.env, grant, 'blocks', query);
  if (answer.status !== 200) throw await refused(call, [target], 'read', answer);
  return new Response(answer.body, { status: 200, headers: { 'Content-Type': 'application/json' } });
}

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
  operationRoutes(routes);
  scrubRoutes(routes);
  vaultRoutes(routes);
  costRoutes(routes);
  retentionRoutes(routes);
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
    blockRoutes(routes, kind);
    changeRoutes(routes, kind);
    nbdRoutes(routes, kind);
  }
}
