// What ends a token besides its time, and that it has ended everywhere before the answer.

import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, test } from 'vitest';
import type { IdentityRpc } from '../../worker/identity/contract.ts';
import { callerOf, verifyToken } from '../../worker/tokens.ts';
import { Bench, must, mustRefuse } from './fakes/bench.ts';
import { type FakesEnv, SECRET } from './fakes/control-plane.ts';
import { ask, type Json, login, newTenant, ROOT_USER, rootToken, send, type Tenant, tokenOf } from './iam-bench.ts';

let root: string;

beforeAll(async () => {
  root = await rootToken();
});

const callerFrom = async (token: string) => callerOf((await verifyToken(token, SECRET))!)!;

/** Asks the project itself, which knows nothing of the identity service. */
async function projectRefuses({ token, project }: Tenant): Promise<void> {
  mustRefuse(await new Bench(project.id).project.checkToken(await callerFrom(token)), 'token-revoked');
}

async function projectAccepts({ token, project }: Tenant): Promise<void> {
  must(await new Bench(project.id).project.checkToken(await callerFrom(token)));
}

async function isLive(token: string): Promise<boolean> {
  return (await send('GET', '/auth/projects', token)).status === 200;
}

const ENDINGS: readonly [string, (tenant: Tenant) => [string, string, Json?]][] = [
  ['deleting the user', ({ user }) => ['DELETE', `/users/${user.id}`]],
  ['disabling the user', ({ user }) => ['PATCH', `/users/${user.id}`, { user: { enabled: false } }]],
  ['a new password', ({ user }) => ['PATCH', `/users/${user.id}`, { user: { password: 'second' } }]],
  ['deleting the project', ({ project }) => ['DELETE', `/projects/${project.id}`]],
  ['disabling the project', ({ project }) => ['PATCH', `/projects/${project.id}`, { project: { enabled: false } }]],
  ['losing the role', ({ user, project }) => ['DELETE', `/projects/${project.id}/users/${user.id}/roles/member`]],
];

describe('a token ends by', () => {
  test.each(ENDINGS)('%s', async (_what, ending) => {
    const tenant = await newTenant(root);
    const other = await newTenant(root);
    await projectAccepts(tenant);
    const [method, path, body] = ending(tenant);
    const { status } = await send(method, path, root, body);
    expect([200, 204]).toContain(status);
    await projectRefuses(tenant);
    expect(await isLive(tenant.token)).toBe(false);
    expect((await login(tenant.token, { project: { id: tenant.project.id } })).status).toBe(401);
    expect((await login(tenant.user, { project: { id: tenant.project.id } })).status).toBe(401);
    await projectAccepts(other);
    expect(await isLive(other.token)).toBe(true);
    expect(await isLive(root)).toBe(true);
  });

  test('losing one role of two, for that project only', async () => {
    const tenant = await newTenant(root);
    const roles = `/projects/${tenant.project.id}/users/${tenant.user.id}/roles`;
    await ask(204, 'PUT', `${roles}/reader`, root);
    const both = await tokenOf(tenant.user, { id: tenant.project.id });
    const unscoped = await tokenOf(tenant.user);
    await ask(204, 'DELETE', `${roles}/reader`, root);
    expect(await isLive(both)).toBe(false);
    expect(await isLive(tenant.token)).toBe(true);
    expect(await isLive(unscoped)).toBe(true);
  });

  test('losing the last role admin, for the domain too', async () => {
    const tenant = await newTenant(root, 'admin');
    const scope = { domain: { id: 'default' } };
    const ofDomain = (await login(tenant.user, scope)).headers.get('X-Subject-Token')!;
    await ask(200, 'GET', '/users', ofDomain);
    await ask(204, 'DELETE', `/projects/${tenant.project.id}/users/${tenant.user.id}/roles/admin`, root);
    await ask(401, 'GET', '/users', ofDomain);
    expect((await login(tenant.user, scope)).body.token.roles).toEqual([{ id: 'member', name: 'member' }]);
  });

  test('deleting a role', async () => {
    const { role } = await ask(201, 'POST', '/roles', root, { role: { name: `r-${crypto.randomUUID()}` } });
    const tenant = await newTenant(root, role.id);
    await ask(204, 'DELETE', `/roles/${role.id}`, root);
    await projectRefuses(tenant);
    expect((await login(tenant.user, { project: { id: tenant.project.id } })).status).toBe(401);
  });
});

test('a rename, a description or another role ends no token', async () => {
  const { user, project, token } = await newTenant(root);
  await ask(200, 'PATCH', `/users/${user.id}`, root, { user: { name: `${user.name}-2`, email: 'x' } });
  await ask(200, 'PATCH', `/projects/${project.id}`, root, { project: { name: `${project.name}-2` } });
  await ask(204, 'PUT', `/projects/${project.id}/users/${user.id}/roles/reader`, root);
  expect(await isLive(token)).toBe(true);
});

test('who comes back is let in again, with a new token', async () => {
  const { user, project, token } = await newTenant(root);
  await ask(200, 'PATCH', `/users/${user.id}`, root, { user: { enabled: false } });
  await ask(200, 'PATCH', `/users/${user.id}`, root, { user: { enabled: true } });
  expect(await isLive(token)).toBe(false);
  expect(await isLive(await tokenOf(user, { id: project.id }))).toBe(true);
});

test('a login whose user is deleted, or gets another password, while it is looked at is refused', async () => {
  const claims = (await verifyToken(root, SECRET))!;
  const { IDENTITY_ON_FAKES } = env as unknown as FakesEnv;
  const identityObject = IDENTITY_ON_FAKES.get(IDENTITY_ON_FAKES.idFromName('default'));
  const changes: ((identity: IdentityRpc, id: string) => Promise<unknown>)[] = [
    (identity, id) => identity.deleteUser(claims, id),
    (identity, id) => identity.updateUser(claims, id, { enabled: false }),
    (identity, id) => identity.updateUser(claims, id, { password: null }),
  ];
  for (const change of changes) {
    const { user } = await newTenant(root);
    const { name, password } = user;
    await runInDurableObject(identityObject, async (identity) => {
      // Hashing the password takes longer than the change, which only waits for its turn.
      const login = identity.login({ password: { user: { name }, password } });
      await change(identity, user.id);
      mustRefuse(await login, 'unauthenticated');
    });
  }
});

test('what is in a deleted project stays out of reach, also of the next one with its name', async () => {
  const { user, project, token } = await newTenant(root);
  const bench = new Bench(project.id);
  must(await bench.project.createVolumes(await callerFrom(token), { face: 'cinder', sizeGib: 1 }));
  await ask(204, 'DELETE', `/projects/${project.id}`, root);
  const next = (await ask(201, 'POST', '/projects', root, { project: { name: project.name } })).project;
  expect(next.id).not.toBe(project.id);
  await ask(204, 'PUT', `/projects/${next.id}/users/${user.id}/roles/member`, root);
  const again = await tokenOf(user, { id: next.id });
  expect((await ask(200, 'GET', `/evs/v3/${next.id}/volumes`, again)).volumes).toEqual([]);
  expect((await send('GET', `/evs/v3/${project.id}/volumes`, again)).status).toBe(404);
  expect((await send('GET', `/evs/v3/${project.id}/volumes`, root)).status).toBe(404);
  expect((await send('GET', `/evs/v3/${project.id}/volumes`, token)).status).toBe(401);
  for (const who of [user, ROOT_USER]) expect((await login(who, { project: { id: project.id } })).status).toBe(401);
  await ask(404, 'PUT', `/projects/${project.id}/users/${user.id}/roles/member`, root);
});
