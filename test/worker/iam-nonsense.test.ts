// Every operation of the identity service with requests that mean nothing, sent by an administrator, for whom nothing else
// would stop them.

import { beforeAll, describe, expect, test } from 'vitest';
import { ask, type Json, ROOT, request, rootToken, send } from './iam-bench.ts';

const LONG = 'ü'.repeat(10_000);
const VALUES = [null, 7, -1, 1e300, '', ' ', LONG, '\u0000', '../..', "'; DROP TABLE user; --", [], {}, [{}], true];
const BODIES = ['', '{', 'null', '[]', '"x"', '1', '{}', `{"${LONG}":null}`, '['.repeat(2000)];
/** No body with one of these can mean anything. */
const FIELDS = [
  'name',
  'enabled',
  'domain_id',
  'tags',
  'options',
  'password',
  'default_project_id',
  'original_password',
];
const QUERY = '?limit=-1&marker=%00&sort=%FF&name=%00&enabled=perhaps&tags=,&role.id=%27&include_names=2&user.id=';

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly body: boolean;
}

let root: string;
let operations: Operation[];

beforeAll(async () => {
  root = await rootToken();
  const { body } = await request('GET', '/openapi.json', {});
  const all = Object.entries<Json>(body.paths).filter(([path]) => path.startsWith(ROOT));
  operations = all.flatMap(([path, methods]) =>
    Object.entries<Json>(methods).map(([method, { requestBody }]) => ({
      method: method.toUpperCase(),
      path: path.slice(ROOT.length),
      body: requestBody !== undefined,
    })),
  );
});

/** All that can be read of the accounts. */
async function state(): Promise<Json[]> {
  const lists = ['/projects', '/users', '/roles', '/role_assignments'];
  return await Promise.all(lists.map((path) => ask(200, 'GET', path, root)));
}

/** An account that is there, so that the body is looked at. */
const fill = (path: string) => path.replace('{id}', path.startsWith('/projects') ? 'project-1' : 'user-1');

const EXPECTED = [400, 401, 403, 404, 409, 413];

function mustBeRefused(what: string, { status, body }: { status: number; body: Json }): void {
  expect(EXPECTED, `${what}: ${status}`).toContain(status);
  expect(body.error, what).toMatchObject({ code: status, title: expect.any(String), message: expect.any(String) });
  expect(body.error.message.length, what).toBeLessThan(1000);
}

describe('nonsense', () => {
  test('as a body is refused, and changes nothing', async () => {
    const before = await state();
    for (const { method, path } of operations.filter(({ body }) => body)) {
      const target = fill(path);
      const outer = path.startsWith('/auth') ? 'auth' : path.split('/')[1]!.slice(0, -1);
      const fields = VALUES.flatMap((value) => [
        { [outer]: value },
        ...FIELDS.map((field) => ({ [outer]: { name: 'n', [field]: value === true ? [value] : value, enabled: 'n' } })),
      ]);
      for (const body of [...BODIES, ...fields]) {
        const answer = await send(method, target, path === '/auth/tokens' ? null : root, body);
        mustBeRefused(`${method} ${path} ${JSON.stringify(body).slice(0, 80)}`, answer);
      }
      const huge = await send(method, target, root, { [outer]: { name: 'x'.repeat(2 ** 20) } });
      expect(huge.status).toBe(413);
    }
    expect(await state()).toEqual(before);
  });

  test('as an id is 404, as a query an answer', async () => {
    const before = await state();
    for (const { method, path, body } of operations.filter(
      ({ path }) => !path.startsWith('/auth') && path.length > 1,
    )) {
      for (const id of ['x', '%00', '%27%20OR%201', encodeURIComponent(LONG), '..%2F..', '%F0%9F%92%A9']) {
        if (!path.includes('{')) continue;
        const target = path.replaceAll(/\{\w+\}/g, id);
        const valid = path.endsWith('password')
          ? { user: { original_password: 'a', password: 'b' } }
          : { project: {}, user: {}, role: { name: 'r' } };
        const answer = await send(method, target, root, body ? valid : undefined);
        const expected = path.endsWith('password') ? 403 : 404;
        expect(answer.status, `${method} ${path} ${id.slice(0, 20)}`).toBe(expected);
      }
      if (method === 'GET') {
        const answer = await send('GET', `${path.replaceAll(/\{\w+\}/g, 'x')}${QUERY}`, root);
        expect([200, 404], `GET ${path}: ${answer.status}`).toContain(answer.status);
      }
    }
    expect(await state()).toEqual(before);
  });
});
