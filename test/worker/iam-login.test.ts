// Tokens over HTTP, as Keystone's clients ask for them.

import { describe, expect, test } from 'vitest';
import { ask, DEMO1, login, newTenant, ROOT_USER, request, rootToken, send, tokenOf } from './iam-bench.ts';

const PROJECT = { project: { name: 'demo1', domain: { name: 'Default' } } };

describe('a login', () => {
  test('for a project has roles, a catalog and the project', async () => {
    const { status, body } = await login(DEMO1, PROJECT);
    expect(status).toBe(201);
    const domain = { id: 'default', name: 'Default' };
    expect(body.token).toMatchObject({
      methods: ['password'],
      user: { id: 'user-1', name: 'demo1', domain, password_expires_at: null },
      project: { id: 'project-1', name: 'demo1', domain },
      is_domain: false,
      roles: [{ id: 'member', name: 'member' }],
      audit_ids: [expect.any(String)],
    });
    const addresses = body.token.catalog.map(({ type, endpoints }: { type: string; endpoints: { url: string }[] }) => [
      type,
      new URL(endpoints[0]!.url).pathname,
    ]);
    expect(Object.fromEntries(addresses)).toEqual({
      identity: '/iam/v3',
      volumev3: '/evs/v3/project-1',
      volumev2: '/evs/v2/project-1',
      'block-storage': '/evs/v3/project-1',
      vbs: '/vbs/v2/project-1',
      vbsv2: '/vbs/v2/project-1',
      cbr: '/cbr/v3/project-1',
      compute: '/ecs/v2.1/project-1',
      image: '/ims/v2',
    });
  });

  test('leaves the catalog out when asked to', async () => {
    const { body } = await login(DEMO1, PROJECT, '?nocatalog');
    expect(body.token.catalog).toBeUndefined();
    expect(body.token.roles).toHaveLength(1);
  });

  test.each([undefined, null, {}, 'unscoped', { unscoped: {} }])('with scope %j is for nothing', async (scope) => {
    const { status, body } = await login(DEMO1, scope);
    expect(status).toBe(201);
    for (const key of ['project', 'domain', 'roles', 'catalog', 'is_domain']) expect(body.token[key]).toBeUndefined();
  });

  test.each([{ id: 'default' }, { name: 'Default' }])('for the domain %j has its roles', async (domain) => {
    const member = await login(DEMO1, { domain });
    expect(member.body.token).toMatchObject({ domain: { id: 'default', name: 'Default' }, roles: [{ id: 'member' }] });
    expect(member.body.token.project).toBeUndefined();
    const admin = await login(ROOT_USER, { domain });
    expect(admin.body.token.roles.map(({ name }: { name: string }) => name)).toEqual(['admin', 'member']);
  });

  test.each([
    [{ system: { all: true } }, 401, /role on the system/],
    [{ 'OS-TRUST:trust': { id: 'x' } }, 400, /no trusts/],
    [{ domain: { id: 'other' } }, 401, /authentication/],
    [{ project: { id: 'project-2' } }, 401, /authentication/],
    [{ project: { id: 7 } }, 400, /scope/],
    [7, 400, /scope/],
  ])('for %j is refused with %i in words', async (scope, status, words) => {
    const answer = await login(DEMO1, scope);
    expect(answer.status).toBe(status);
    expect(answer.body.error).toMatchObject({ code: status, message: expect.stringMatching(words) });
    expect(answer.headers.get('X-Subject-Token')).toBeNull();
  });

  test.each([
    [{ methods: ['totp'] }, /Unsupported methods totp/],
    [{ methods: [] }, /methods/],
    [{ methods: ['password'] }, /password is missing/],
    [{}, /methods/],
  ])('by %j is 400', async (identity, words) => {
    const { status, body } = await request('POST', '/auth/tokens', {}, { auth: { identity } });
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code: 400, title: 'Bad Request', message: expect.stringMatching(words) });
  });

  test('by a token keeps its end, and names it', async () => {
    const first = await login(DEMO1);
    const again = await login(first.headers.get('X-Subject-Token')!, PROJECT);
    expect(again.status).toBe(201);
    expect(again.body.token.methods).toEqual(['password', 'token']);
    expect(again.body.token.expires_at).toBe(first.body.token.expires_at);
    expect(again.body.token.audit_ids.slice(1)).toEqual(first.body.token.audit_ids);
    expect((await login('forged', PROJECT)).status).toBe(401);
  });

  test('without a scope leads to the default project, when the user has a role there', async () => {
    const root = await rootToken();
    const { user, project } = await newTenant(root);
    await ask(200, 'PATCH', `/users/${user.id}`, root, { user: { default_project_id: project.id } });
    expect((await login(user)).body.token.project.id).toBe(project.id);
    expect((await login(user, 'unscoped')).body.token.project).toBeUndefined();
    await ask(200, 'PATCH', `/users/${user.id}`, root, { user: { default_project_id: 'project-1' } });
    const elsewhere = await login(user);
    expect(elsewhere.status).toBe(201);
    expect(elsewhere.body.token.project).toBeUndefined();
  });
});

describe('a token', () => {
  const about = (method: string, own: string, subject: string, query = '') =>
    request(method, `/auth/tokens${query}`, { 'X-Auth-Token': own, 'X-Subject-Token': subject });

  test('is shown to its bearer and to an admin, not to others', async () => {
    const { body, headers } = await login(DEMO1, PROJECT);
    const token = headers.get('X-Subject-Token')!;
    const shown = await about('GET', token, token);
    expect(shown.status).toBe(200);
    expect(shown.body).toEqual(body);
    expect(shown.headers.get('X-Subject-Token')).toBe(token);
    expect((await about('GET', token, token, '?nocatalog')).body.token.catalog).toBeUndefined();
    const head = await about('HEAD', await rootToken(), token);
    expect([head.status, head.body]).toEqual([200, null]);
    const stranger = await tokenOf({ name: 'demo2', password: 'secret' }, { name: 'demo2' });
    for (const [subject, status] of [
      [token, 404],
      ['forged', 404],
      ['', 400],
    ] as const) {
      expect((await about('GET', stranger, subject)).status, subject.slice(0, 9)).toBe(status);
    }
  });

  test('is worth nothing after its deletion, and the others of its user all the same', async () => {
    const token = await tokenOf(DEMO1, { name: 'demo1' });
    const other = await tokenOf(DEMO1, { name: 'demo1' });
    const deleted = await about('DELETE', token, token);
    expect([deleted.status, deleted.body]).toEqual([204, null]);
    for (const path of ['/auth/projects', '/projects', '/regions', '/domains', '/auth/catalog']) {
      expect((await send('GET', path, token)).status).toBe(401);
    }
    expect((await send('GET', '/evs/v3/project-1/volumes', token)).status).toBe(401);
    expect((await about('GET', other, token)).status).toBe(404);
    expect((await login(token, PROJECT)).status).toBe(401);
    await ask(200, 'GET', '/evs/v3/project-1/volumes', other);
  });
});
