// Every operation gets odd ids in its path and odd values in its query: the service's own error or an answer, never a
// defect, and nothing has changed.

import { describe, expect, it } from 'vitest';
import { DISTINCT, named, type Operation } from './openapi/document.ts';
import { CONTROL, LONG, UNICODE } from './openapi/mutations.ts';
import { call, expectNoDefect, expectRefusal, prepare } from './openapi/prepared.ts';

const ODD_TEXTS = [
  '',
  ' ',
  '0',
  '-1',
  '1.5',
  '1e3',
  '99999999999999999999',
  'x',
  '__proto__',
  '../..',
  LONG,
  UNICODE,
  CONTROL,
];
const SORTS = ['bogus', 'id:sideways', ':', ',,,', 'id:asc:desc', 'id:asc,id:desc', ':asc'];
const ODD_IDS = ['x', '-1', '__proto__', 'constructor', '..%2f..', "' OR 1=1 --", 'x'.repeat(2000), UNICODE, CONTROL];

/** Only of these is it said how they are refused. */
const CINDER_LIST =
  /^\/(evs|vbs)\/v[23]\/\{project_id\}\/(volumes|snapshots|backups|os-volume-transfer|volume-transfers|messages)(\/detail)?$/;
const REFUSED: readonly (readonly [string, number])[] = [
  ['limit=x', 400],
  ['limit=-1', 400],
  ['limit=1.5', 400],
  ['offset=x', 400],
  ['offset=-1', 400],
  ['sort=bogus', 400],
  ['sort=id:sideways', 400],
  ['sort_key=bogus', 400],
  ['sort_key=id&sort_dir=sideways', 400],
  ['sort=id&sort_key=id', 400],
  ['marker=x', 404],
  ['marker=11111111-2222-4333-8444-555555555555', 404],
];

/** A tenant asks for its own quotas whatever id it names, and a class of quotas may have any name. */
const OPEN = new Set([
  'GET /evs/*/os-quota-sets/{quota_project_id}',
  'GET /evs/*/os-quota-sets/{quota_project_id}/defaults',
  'GET /evs/*/os-quota-class-sets/{quota_class}',
  'GET /ecs/*/os-quota-sets/{quota_project_id}',
  'GET /ecs/*/os-quota-sets/{quota_project_id}/defaults',
]);

const idCount = (operation: Operation) => operation.params.filter((name) => name !== 'project_id').length;

describe('ids', () => {
  it.each(named(DISTINCT.filter((operation) => idCount(operation) > 0)))('%s', async (_title, operation) => {
    const prepared = await prepare(operation, 'shared');
    const ids = prepared.request.ids!;
    const before = await prepared.tenant.state();
    for (const odd of ODD_IDS) {
      // The last one may be the name of something new: a key, a quota class. Any other has to exist.
      for (const at of ids.keys()) {
        const response = await call(prepared, { ids: ids.with(at, odd) });
        await expectNoDefect(response, operation, `${odd} as ${operation.params.at(at - ids.length)}`);
      }
      const nothing = await call(prepared, { ids: ids.map(() => odd) });
      if (!OPEN.has(operation.key)) await expectRefusal(nothing, operation, odd);
    }
    if (operation.method === 'GET') expect(await prepared.tenant.state()).toBe(before);
  });
});

describe('queries', () => {
  it.each(named(DISTINCT.filter((operation) => operation.queryNames.length > 0)))('%s', async (_title, operation) => {
    const prepared = await prepare(operation, operation.method === 'GET' ? 'shared' : 'fresh');
    for (const name of operation.queryNames) {
      for (const value of name.startsWith('sort') ? [...SORTS, ...ODD_TEXTS] : ODD_TEXTS) {
        const query = `?${new URLSearchParams({ [name]: value })}`;
        await expectNoDefect(await call(prepared, { query }), operation, `${name}=${value}`);
      }
    }
    await expectNoDefect(
      await call(prepared, { query: '?unknown=%zz&&=&limit=1&limit=2' }),
      operation,
      'a broken query',
    );
  });

  it.each(named(DISTINCT.filter(({ method, path }) => method === 'GET' && CINDER_LIST.test(path))))(
    '%s refuses limits, markers and orders that make no sense',
    async (_title, operation) => {
      const prepared = await prepare(operation, 'shared');
      for (const [query, status] of REFUSED) {
        const response = await call(prepared, { query: `?${query}` });
        const text = await expectRefusal(response, operation, query);
        expect(response.status, `${query}: ${text}`).toBe(status);
      }
    },
  );
});
