// Routes of single blocks, whose digests are checked on both sides.

import { ApiError, badRequest } from '../../http/errors.ts';
import type { Call, Routes } from '../../http/operation.ts';
import type { DataTarget } from '../../project/contract.ts';
import { BLOCK_DIGEST_HEADER, BLOCK_HOLE_HEADER } from '../../protocol.ts';
import { grantFor } from './grants.ts';
import { askObject, refused } from './objects.ts';
import { answerTo, takeBody } from './streams.ts';

type AnyCall = Call<unknown, unknown>;

const BLOCK_BYTES = 65_536;

/** The block that the path names, as text for the object that has it. */
export function parseIndex(call: AnyCall): string {
  const index = call.params.index!;
  if (!/^\d{1,10}$/.test(index)) throw badRequest('A block is named by its index, a whole number from 0.');
  return index;
}

async function getBlock(call: AnyCall, target: DataTarget): Promise<Response> {
  const grant = await grantFor(call, target, 'read');
  const index = parseIndex(call);
  const answer = await askObject(call.env, grant, 'block', { index });
  if (answer.status !== 200) throw await refused(call, [target], 'read', answer);
  const headers = new Headers({ 'Content-Type': 'application/octet-stream', 'Cache-Control': 'no-store' });
  for (const name of ['Content-Length', BLOCK_DIGEST_HEADER, BLOCK_HOLE_HEADER]) {
    headers.set(name, answer.headers.get(name) ?? '');
  }
  return new Response(answer.body, { status: 200, headers });
}

async function putBlock(call: AnyCall, target: DataTarget): Promise<Response> {
  const grant = await grantFor(call, target, 'write');
  const index = parseIndex(call);
  const request = call.c.req.raw;
  const digest = request.headers.get(BLOCK_DIGEST_HEADER)?.toLowerCase() ?? '';
  if (!/^[0-9a-f]{64}$/.test(digest)) {
    const text = `${BLOCK_DIGEST_HEADER} must be the BLAKE3 digest of the block, as 64 hex digits.`;
    throw badRequest(text, 'bad-digest');
  }
  if (Number(request.headers.get('content-length')) !== BLOCK_BYTES || request.body === null) {
    throw new ApiError(400, `A block has ${BLOCK_BYTES} bytes, announced by Content-Length.`, { code: 'body-size' });
  }
  const body = await takeBody(request, request.body, BLOCK_BYTES);
  const init = { method: 'PUT', body: body.stream, headers: { [BLOCK_DIGEST_HEADER]: digest } };
  const asked = askObject(call.env, grant, 'block', { index }, init);
  const answer = await answerTo(asked, body, (response) => response.status === 204);
  if (answer.status !== 204) throw body.refusal() ?? (await refused(call, [target], 'write', answer));
  return new Response(null, { status: 204 });
}

/** Registers the blocks of a kind. */
export function blockRoutes(routes: Routes, kind: DataTarget['kind']): void {
  const target = (call: AnyCall): DataTarget => ({ kind, id: call.params.id! });
  routes.get(`/${kind}s/{id}/blocks/{index}`, {
    summary: `One 64 KiB block of a ${kind}, with its digest`,
    answers: { 200: null },
    handle: (call) => getBlock(call, target(call)),
  });
  if (kind !== 'volume') return;
  routes.put('/volumes/{id}/blocks/{index}', {
    summary: 'Write one 64 KiB block, if it has the digest that the request announces',
    answers: { 204: null },
    handle: (call) => putBlock(call, target(call)),
  });
}
