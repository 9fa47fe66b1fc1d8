// NBD over a WebSocket: the address at which a bridge connects. The object that holds the bytes speaks the protocol; here
// is only asked whether the caller may, and the socket is handed on.

import { z } from '@hono/zod-openapi';
import { ApiError, badRequest } from '../../http/errors.ts';
import { optionalText } from '../../http/fields.ts';
import type { Call, Routes } from '../../http/operation.ts';
import { connectingQuery } from '../../nbd/upgrade.ts';
import type { DataTarget } from '../../project/contract.ts';
import { grantFor, type Right } from './grants.ts';
import { askObject, refused } from './objects.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * `session`: the bridge; `connection`: one client of it. Both are made up by the bridge, as UUIDs. `attachment`: what the
 * first answer to this connection had in its header, when it is made again.
 */
const Connect = z.object({
  mode: optionalText,
  session: optionalText,
  connection: optionalText,
  attachment: optionalText,
});

type Query = z.output<typeof Connect>;

async function connect(call: Call<Query, unknown>, target: DataTarget): Promise<Response> {
  const { mode = target.kind === 'volume' ? 'rw' : 'ro' } = call.query;
  if (mode !== 'rw' && mode !== 'ro') throw badRequest("mode is 'rw' or 'ro'.");
  const right: Right = mode === 'rw' ? 'write' : 'read';
  const grant = await grantFor(call, target, right, 'fresh');
  if (call.c.req.header('upgrade')?.toLowerCase() !== 'websocket') {
    throw new ApiError(426, 'This address speaks NBD over a WebSocket: connect with `edge-evs nbd`.', {
      code: 'upgrade-required',
      headers: { Upgrade: 'websocket' },
    });
  }
  const leave = {
    caller: call.caller,
    target,
    right,
    untilMs: grant.expiresMs,
    tokenUntilMs: call.session!.claims.expiresMs,
  };
  const query = connectingQuery({
    mode,
    sessionId: uuid(call, 'session') ?? crypto.randomUUID(),
    connectionId: uuid(call, 'connection') ?? crypto.randomUUID(),
    leave,
    attachmentId: uuid(call, 'attachment'),
  });
  const answer = await askObject(call.env, grant, 'nbd', query, { headers: { Upgrade: 'websocket' } });
  if (answer.webSocket === null) throw await refused(call, [target], right, answer);
  return new Response(null, { status: 101, webSocket: answer.webSocket, headers: answer.headers });
}

function uuid({ query }: Call<Query, unknown>, name: 'session' | 'connection' | 'attachment'): string | null {
  const id = query[name] ?? null;
  if (id !== null && !UUID.test(id)) throw badRequest(`${name} is no UUID.`);
  return id;
}

/** Registers the address for one kind of thing that has bytes. */
export function nbdRoutes(routes: Routes, kind: DataTarget['kind']): void {
  routes.get(`/${kind}s/{id}/nbd`, {
    summary: `A ${kind} as a block device: NBD over a WebSocket (docs/nbd.md); 426 without an upgrade`,
    query: Connect,
    answers: { 101: null, 426: null },
    handle: (call) => connect(call, { kind, id: call.params.id! }),
  });
}
