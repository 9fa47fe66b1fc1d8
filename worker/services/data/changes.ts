// Routes about points: what changed between two of them, as a list and as a stream; what one of them holds, and proofs.

import type { z } from '@hono/zod-openapi';
import { fault } from '../../faults.ts';
import { ApiError, badRequest, FaultError } from '../../http/errors.ts';
import type { Call, Routes } from '../../http/operation.ts';
import type { DataTarget } from '../../project/contract.ts';
import { DELTA_BYTES_MAX, NEXT_CURSOR_HEADER } from '../../protocol.ts';
import { parseIndex } from './blocks.ts';
import { grantFor } from './grants.ts';
import { askObject, type ObjectPath, refused } from './objects.ts';
import { grantPair, parsePoint } from './points.ts';
import { AppliedDelta, BlockProof, ChangeList, Changes, PointState, pageLimit } from './shapes.ts';
import { answerTo, takeBody, takeChunkedBody } from './streams.ts';

type AnyCall = Call<unknown, unknown>;
type ChangeCall = Call<z.output<typeof ChangeList>, unknown>;

/** Asks the object that sees both points, and passes its answer on. */
async function askAbout(
  call: AnyCall,
  path: ObjectPath,
  from: DataTarget | null,
  to: DataTarget,
  more: Readonly<Record<string, string | undefined>>,
): Promise<Response> {
  const { grant, query } = await grantPair(call, from, to);
  const given = Object.entries(more).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  const answer = await askObject(call.env, grant, path, { ...query, ...Object.fromEntries(given) });
  if (answer.status !== 200) throw await refused(call, from === null ? [to] : [from, to], 'read', answer);
  return answer;
}

async function json(answer: Promise<Response>): Promise<Response> {
  return new Response((await answer).body, { status: 200, headers: { 'Content-Type': 'application/json' } });
}

function changes(call: ChangeCall, to: DataTarget): Promise<Response> {
  const { from, cursor, limit } = call.query;
  return json(askAbout(call, 'changes', parsePoint(from), to, { cursor, limit: pageLimit(limit) }));
}

async function delta(call: ChangeCall, to: DataTarget): Promise<Response> {
  const { from, cursor, limit } = call.query;
  // Without a limit it is all of it: a stream needs no pages.
  const part = limit === undefined ? undefined : pageLimit(limit);
  const answer = await askAbout(call, 'delta', parsePoint(from), to, { cursor, limit: part });
  const headers = new Headers({ 'Content-Type': 'application/octet-stream', 'Cache-Control': 'no-store' });
  const next = answer.headers.get(NEXT_CURSOR_HEADER);
  if (next !== null) headers.set(NEXT_CURSOR_HEADER, next);
  return new Response(answer.body, { status: 200, headers });
}

async function proof(call: AnyCall, target: DataTarget): Promise<Response> {
  // Who may not read it is told so first.
  await grantFor(call, target, 'read');
  return json(askAbout(call, 'proof', null, target, { index: parseIndex(call) }));
}

async function apply(call: AnyCall, target: DataTarget): Promise<Response> {
  const grant = await grantFor(call, target, 'write');
  if (grant.kind !== 'disk') throw new FaultError(fault('data-readonly', { kind: target.kind, id: target.id }));
  const request = call.c.req.raw;
  const announced = request.headers.get('content-length');
  if (announced !== null && Number(announced) > DELTA_BYTES_MAX) {
    const text = `One request takes at most ${DELTA_BYTES_MAX} bytes: ask for the delta in parts.`;
    throw new ApiError(413, text, { code: 'too-large' });
  }
  if (request.body === null) throw badRequest('The body is empty.', 'bad-stream');
  const body =
    announced === null ? takeChunkedBody(request.body) : await takeBody(request, request.body, Number(announced));
  const asked = askObject(call.env, grant, 'delta', {}, { method: 'PUT', body: body.stream });
  const answer = await answerTo(asked, body, (response) => response.status === 200);
  if (answer.status !== 200) throw body.refusal() ?? (await refused(call, [target], 'write', answer));
  return json(Promise.resolve(answer));
}

/** Registers what can be asked of a point of this kind. */
export function changeRoutes(routes: Routes, kind: DataTarget['kind']): void {
  const target = (call: AnyCall): DataTarget => ({ kind, id: call.params.id! });
  routes
    .get(`/${kind}s/{id}/changes`, {
      summary: `64 KiB blocks of a ${kind} that differ from another point, with their digests`,
      query: ChangeList,
      answers: { 200: Changes },
      handle: (call) => changes(call, target(call)),
    })
    .get(`/${kind}s/{id}/delta`, {
      summary: `A stream that leads from another point to this ${kind}`,
      query: ChangeList,
      answers: { 200: null },
      handle: (call) => delta(call, target(call)),
    })
    .get(`/${kind}s/{id}/commitment`, {
      summary: `The whole content of a ${kind} in 32 bytes`,
      answers: { 200: PointState },
      handle: (call) => json(askAbout(call, 'commitment', null, target(call), {})),
    })
    .get(`/${kind}s/{id}/blocks/{index}/proof`, {
      summary: `The proof that a ${kind} has a block, or a hole, at an index`,
      answers: { 200: BlockProof },
      handle: (call) => proof(call, target(call)),
    });
  if (kind !== 'volume') return;
  routes.put('/volumes/{id}/delta', {
    summary: 'Apply a delta stream to a disk that holds what the stream starts from',
    answers: { 200: AppliedDelta },
    handle: (call) => apply(call, target(call)),
  });
}
