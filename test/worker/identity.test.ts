// Logging in, what a token is worth, and taking it back.

import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test } from 'vitest';
import { ConfigError, loadConfig } from '../../worker/config.ts';
import type { Env } from '../../worker/env.ts';
import type { IdentityRpc, LoginInput } from '../../worker/identity/contract.ts';
import { checkPassword, hashPassword } from '../../worker/identity/password.ts';
import { callerOf, signGrant, signToken, verifyGrant, verifyToken } from '../../worker/tokens.ts';
import { Bench, must, mustRefuse } from './fakes/bench.ts';
import { ACCOUNTS, type FakesEnv, IdentityOnFakes, SECRET } from './fakes/control-plane.ts';

const { IDENTITY_ON_FAKES } = env as unknown as FakesEnv;
const stub = () => IDENTITY_ON_FAKES.get(IDENTITY_ON_FAKES.idFromName('default'));
const identity = () => stub() as unknown as IdentityRpc;

const DEMO1: LoginInput = {
  password: { user: { name: 'demo1' }, domain: { name: 'Default' }, password: 'secret' },
  scope: { project: { name: 'demo1', domain: { id: 'default' } } },
};
const withPassword = (password: string): LoginInput => ({ ...DEMO1, password: { ...DEMO1.password!, password } });

afterEach(async () => {
  if (IdentityOnFakes.accounts === null) return;
  IdentityOnFakes.accounts = null;
  await evictDurableObject(stub());
});

describe('logging in', () => {
  test('gives a token that is verified without storage, for 24 hours', async () => {
    const { token, claims } = must(await identity().login(DEMO1));
    expect(claims).toMatchObject({
      projectId: 'project-1',
      roles: ['member'],
      methods: ['password'],
      userId: 'user-1',
    });
    expect(claims.expiresMs - claims.issuedMs).toBe(24 * 3600_000);
    expect(await verifyToken(token, SECRET)).toEqual(claims);
    expect(await verifyToken(token, SECRET, claims.expiresMs)).toBeNull();
    expect(await verifyToken(token, `${SECRET}!`)).toBeNull();
    expect(await verifyToken(`${token.slice(0, -2)}xx`, SECRET)).toBeNull();
    expect(await verifyToken('', SECRET)).toBeNull();
    expect(callerOf(claims)).toMatchObject({ projectId: 'project-1', tokenId: claims.id });
  });

  test.each([
    ['a wrong password', withPassword('Secret')],
    ['an empty password', withPassword('')],
    ['an unknown user', { ...DEMO1, password: { user: { name: 'nobody' }, password: 'secret' } }],
    ['a user with no name', { ...DEMO1, password: { user: {}, password: 'secret' } }],
    ['another domain', { ...DEMO1, password: { ...DEMO1.password!, domain: { name: 'Other' } } }],
    ['a project without a role', { ...DEMO1, scope: { project: { name: 'demo2' } } }],
    ['an unknown project', { ...DEMO1, scope: { project: { id: 'project-9' } } }],
    ['nothing at all', {}],
  ] satisfies [string, LoginInput][])('refuses %s, always in the same words', async (_what, input) => {
    mustRefuse(await identity().login(input), 'unauthenticated');
  });

  test('by ids, without a scope, for the domain; a token buys a token that ends no later', async () => {
    const byId: LoginInput = { password: { user: { id: 'user-1' }, password: 'secret' } };
    const { claims } = must(await identity().login(byId));
    expect(claims).toMatchObject({ projectId: null, domainScoped: false, roles: [] });
    expect(callerOf(claims)).toBeNull();
    const scoped = must(await identity().login({ token: claims, scope: { project: { id: 'project-1' } } })).claims;
    expect(scoped).toMatchObject({ projectId: 'project-1', methods: ['password', 'token'], parentId: claims.id });
    expect(scoped.expiresMs).toBeLessThanOrEqual(claims.expiresMs);
    const domain = must(await identity().login({ ...byId, scope: { domain: { id: 'default' } } })).claims;
    expect(domain).toMatchObject({ domainScoped: true, projectId: null });
    expect(must(await identity().listProjects(scoped)).map((project) => project.name)).toEqual(['demo1']);
    const root: LoginInput = {
      password: { user: { name: 'root' }, password: 'hidden' },
      scope: { project: { name: 'demo1' } },
    };
    const admin = must(await identity().login(root)).claims;
    expect(must(await identity().listProjects(admin))).toHaveLength(2);
  });

  test('passwords are stored only as salted hashes', async () => {
    must(await identity().login(DEMO1));
    const rows = await runInDurableObject(stub(), (_identity, state) =>
      state.storage.sql.exec('SELECT body FROM user').toArray(),
    );
    const text = JSON.stringify(rows);
    expect(text).not.toContain('"secret');
    expect(text.match(/pbkdf2-sha256\$100000\$/g)).toHaveLength(3);
    const hash = await hashPassword('p', 1000);
    expect(hash).not.toBe(await hashPassword('p', 1000));
    expect(await checkPassword('p', hash)).toBe(true);
    expect(await checkPassword('q', hash)).toBe(false);
    expect(await checkPassword('p', 'nonsense')).toBe(false);
  });
});

describe('revoking', () => {
  test('is known in the project before the answer, and everywhere in identity', async () => {
    const { claims } = must(await identity().login(DEMO1));
    const bench = new Bench('project-1');
    const caller = callerOf(claims)!;
    must(await bench.project.listVolumes(caller, {}));
    must(await identity().revoke(claims));
    mustRefuse(await bench.project.listVolumes(caller, {}), 'token-revoked');
    mustRefuse(await identity().check(claims), 'token-revoked');
    mustRefuse(await identity().login({ token: claims }), 'unauthenticated');
    must(await identity().revoke(claims));
    const again = must(await identity().login(DEMO1)).claims;
    must(await bench.project.listVolumes(callerOf(again)!, {}));
  });

  test('changed settings: a new password or a lost role takes the tokens back, others stay good', async () => {
    const one = must(await identity().login(DEMO1)).claims;
    const two = must(
      await identity().login({
        password: { user: { name: 'demo2' }, password: 'secret' },
        scope: { project: { name: 'demo2' } },
      }),
    ).claims;
    const [first, second, third] = ACCOUNTS.users;
    const users = [{ ...first!, password: 'changed' }, second!, third!];
    IdentityOnFakes.accounts = JSON.stringify({ ...ACCOUNTS, users });
    await evictDurableObject(stub());
    mustRefuse(await identity().login(DEMO1), 'unauthenticated');
    must(await identity().login(withPassword('changed')));
    mustRefuse(await new Bench('project-1').project.checkToken(callerOf(one)!), 'token-revoked');
    must(await new Bench('project-2').project.checkToken(callerOf(two)!));
    must(await identity().check(two));
  });
});

test('a grant is not a token, and ends', async () => {
  const grant = {
    kind: 'vault',
    expiresMs: Date.now() + 30_000,
    sizeBytes: 1,
    right: 'read',
    vaultId: 'v',
    backupId: 'b',
    projectId: 'p',
  } as const;
  const text = await signGrant(grant, SECRET);
  expect(await verifyGrant(text, SECRET)).toEqual(grant);
  expect(await verifyGrant(text, SECRET, grant.expiresMs)).toBeNull();
  expect(await verifyToken(text, SECRET)).toBeNull();
  const { claims } = must(await identity().login(DEMO1));
  expect(await verifyGrant(await signToken(claims, SECRET), SECRET)).toBeNull();
});

describe('settings', () => {
  const accounts = JSON.stringify(ACCOUNTS);
  const load = (settings: Partial<Env>) => () => loadConfig(settings as Env);

  test('defaults', () => {
    const config = load({ EVS_SECRET: SECRET, EVS_ACCOUNTS: accounts })();
    expect(config).toMatchObject({ region: 'eu-de', simulation: false });
    expect(config.zones.map((zone) => zone.name)).toEqual(['eu-de-01', 'eu-de-02', 'eu-de-03']);
  });
  test.each([
    [{}, /EVS_SECRET is not set/],
    [{ EVS_SECRET: 'short' }, /too short/],
    [{ EVS_SECRET: SECRET }, /EVS_ACCOUNTS is not set/],
    [{ EVS_SECRET: SECRET, EVS_ACCOUNTS: '{' }, /not JSON/],
    [{ EVS_SECRET: SECRET, EVS_ACCOUNTS: '{}' }, /wrong at/],
    [{ EVS_SECRET: SECRET, EVS_ACCOUNTS: accounts, EVS_ZONES: '[]' }, /EVS_ZONES/],
    [{ EVS_SECRET: SECRET, EVS_ACCOUNTS: accounts.replace('"password":"secret",', '') }, /neither password/],
  ])('%j says what to set', (settings, words) => {
    expect(load(settings)).toThrow(ConfigError);
    expect(load(settings)).toThrow(words);
  });
});
