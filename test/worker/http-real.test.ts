// The HTTP services over the real objects in workerd: the main path once, and what strangers and nonsense get.

import { exports } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Json, jsonOf } from './http-fakes.ts';

const ORIGIN = 'http://edge.test';

/** The worker itself, as wrangler.test.toml binds it; its type is not declared anywhere. */
const worker = (exports as unknown as { default: Fetcher }).default;

interface User {
  readonly token: string;
  readonly project: string;
}

async function send(
  method: string,
  path: string,
  user: User | null,
  body?: unknown,
  headers: Record<string, string> = {},
) {
  const sent =
    body === undefined || body instanceof Uint8Array || typeof body === 'string' ? body : JSON.stringify(body);
  const length: Record<string, string> =
    sent instanceof Uint8Array ? { 'Content-Length': String(sent.byteLength) } : {};
  return await worker.fetch(`${ORIGIN}${path}`, {
    method,
    headers: { ...(user ? { 'X-Auth-Token': user.token } : {}), ...length, ...headers },
    ...(sent === undefined ? {} : { body: sent as BodyInit }),
  });
}

async function login(name: string): Promise<User> {
  const domain = { id: 'default' };
  const response = await send('POST', '/iam/v3/auth/tokens', null, {
    auth: {
      identity: { methods: ['password'], password: { user: { name, domain, password: 'secret' } } },
      scope: { project: { name, domain } },
    },
  });
  expect(response.status).toBe(201);
  const token = response.headers.get('X-Subject-Token')!;
  return { token, project: (await jsonOf(response)).token.project.id };
}

/** Asks until the answer is as wanted; things happen in the background. */
async function until(path: string, user: User, wanted: (answer: Json, status: number) => boolean): Promise<Json> {
  for (let i = 0; i < 200; i++) {
    const response = await send('GET', path, user);
    const answer = await jsonOf(response);
    if (wanted(answer, response.status)) return answer;
    await scheduler.wait(25);
  }
  throw new Error(`${path} did not become what was waited for`);
}

let user: User;
let stranger: User;

beforeAll(async () => {
  user = await login('demo1');
  stranger = await login('demo2');
});

describe('the main path', () => {
  it('makes a disk, puts bytes, takes a snapshot, overwrites, rolls back', async () => {
    const root = `/evs/v3/${user.project}`;
    const made = await send('POST', `${root}/volumes`, user, { volume: { size: 1, name: 'v' } });
    expect(made.status).toBe(202);
    const { id } = (await jsonOf(made)).volume;
    const available = () => until(`${root}/volumes/${id}`, user, ({ volume }) => volume.status === 'available');
    await available();

    const bytes = `/data/v1/${user.project}/volumes/${id}`;
    const first = crypto.getRandomValues(new Uint8Array(4096));
    const range = { 'Content-Range': 'bytes 65024-69119/*' };
    expect((await send('PUT', bytes, user, first, range)).status).toBe(204);
    const read = async () =>
      new Uint8Array(await (await send('GET', bytes, user, undefined, { Range: 'bytes=65024-69119' })).arrayBuffer());
    expect(await read()).toEqual(first);

    const snapped = await send('POST', `${root}/snapshots`, user, { snapshot: { volume_id: id, name: 's' } });
    const { id: snapshot } = (await jsonOf(snapped)).snapshot;
    await until(`${root}/snapshots/${snapshot}`, user, ({ snapshot }) => snapshot.status === 'available');
    expect((await send('PUT', bytes, user, new Uint8Array(4096), range)).status).toBe(204);
    expect(await read()).toEqual(new Uint8Array(4096));
    const rollback = `/evs/v2/${user.project}/cloudsnapshots/${snapshot}/rollback`;
    expect((await send('POST', rollback, user, { rollback: { volume_id: id } })).status).toBe(202);
    await available();
    expect(await read()).toEqual(first);

    const { blocks } = await jsonOf(await send('GET', `${bytes}/blocks`, user));
    expect(blocks.map((block: Json) => block.blockIndex)).toEqual([0, 1]);
    expect((await send('DELETE', `${root}/volumes/${id}`, user)).status).toBe(400);
    expect((await send('DELETE', `${root}/volumes/${id}?cascade=True`, user)).status).toBe(202);
    await until(`${root}/volumes/${id}`, user, (_answer, status) => status === 404);
  });
});

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly hasBody: boolean;
  readonly needsToken: boolean;
}

async function operations(): Promise<Operation[]> {
  const { paths } = await jsonOf(await send('GET', '/openapi.json', null));
  return Object.entries<Json>(paths).flatMap(([path, methods]) =>
    Object.entries<Json>(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      hasBody: operation.requestBody !== undefined,
      needsToken: operation.security !== undefined,
    })),
  );
}

/** The path with this project, and ids that exist nowhere. */
const fill = (path: string, project: string) =>
  path
    .replace('{project_id}', project)
    .replace('{type}', 'volumes')
    .replaceAll(/\{\w+\}/g, 'no-such-thing');

/** The body that means nothing to anyone. */
const bodyFor = (operation: Operation) =>
  operation.hasBody ? '{}' : operation.path.startsWith('/data/') ? new Uint8Array(512) : undefined;

describe('every operation', () => {
  it('is 401 without a token and with a revoked one, 404 with one of another project', async () => {
    const revoked = await login('demo1');
    const headers = { 'X-Subject-Token': revoked.token };
    expect((await send('DELETE', '/iam/v3/auth/tokens', user, undefined, headers)).status).toBe(204);
    for (const operation of await operations()) {
      if (!operation.needsToken) continue;
      const { method, path } = operation;
      const body = method === 'PUT' || method === 'POST' ? bodyFor(operation) : undefined;
      const target = fill(path, user.project);
      expect((await send(method, target, null, body)).status, `${method} ${path} without`).toBe(401);
      if (path.includes('{project_id}')) {
        expect((await send(method, target, stranger, body)).status, `${method} ${path} foreign`).toBe(404);
      }
      // What is wrong with the request itself may be said first: it tells nothing about the project.
      const ownFault = operation.hasBody || /auth\/tokens$/.test(path) ? [400] : path.startsWith('/data/') ? [403] : [];
      const { status } = await send(method, target, revoked, body);
      expect([401, ...ownFault], `${method} ${path} revoked: ${status}`).toContain(status);
    }
  });

  it('answers nonsense with an error of its service, never with a 500', async () => {
    const long = 'ü'.repeat(10_000);
    const bodies: unknown[] = ['', '{', 'null', '[]', '"x"', '1', '{}', `{"${long}":null}`, '{"volume":[]}'];
    const wrong = [null, 7, -1, 1e300, '', long, '\u0000', [], {}, true];
    for (const { method, path, hasBody } of await operations()) {
      const target = fill(path, user.project);
      const query = '?limit=-1&marker=%00&sort=%FF&offset=9e99&ids=(((&metadata={{{';
      const tries: (string | undefined)[] = hasBody
        ? [...bodies.map(String), ...wrong.map((value) => JSON.stringify(everything(value)))]
        : [undefined];
      for (const body of tries) {
        for (const url of hasBody ? [target] : [target, `${target}${query}`]) {
          const response = await send(method, url, user, body);
          expect(response.status, `${method} ${url} ${body?.slice(0, 60)}: ${response.status}`).not.toBe(500);
          if (response.status >= 400) expect(Object.keys(await jsonOf(response)).length).toBeGreaterThan(0);
          else await response.body?.cancel();
        }
      }
    }
  }, 60_000);
});

/** A body that has the outer names of every request, and the value at each of its fields. */
function everything(value: unknown): Json {
  const fields =
    'size name description metadata availability_zone volume_type volume_id snapshot_id backup_id count tags';
  const more =
    'multiattach billing resources operation_definition trigger enabled policy_id vault_id parameters password';
  const inner = Object.fromEntries(
    `${fields} ${more} root_volume volumeId user new_size`.split(' ').map((key) => [key, value]),
  );
  const outer = 'volume snapshot backup restore rollback vault policy checkpoint server volumeAttachment auth tags';
  const actions = 'os-extend os-retype meta metadata tag target state resources resource_ids policy_id';
  return {
    ...Object.fromEntries(`${outer} os-delete_tags`.split(' ').map((key) => [key, inner])),
    ...Object.fromEntries(actions.split(' ').map((key) => [key, value])),
  };
}
