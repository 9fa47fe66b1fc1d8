// The accounts of the settings beside those made through the API, across changes of the settings and of the release.

import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test } from 'vitest';
import type { AccountsConfig } from '../../worker/config.ts';
import { fault, renderFault } from '../../worker/faults.ts';
import type { IdentityRpc, LoginInput } from '../../worker/identity/contract.ts';
import { type Claims, callerOf } from '../../worker/tokens.ts';
import { Bench, must, mustRefuse } from './fakes/bench.ts';
import { ACCOUNTS, type FakesEnv, IdentityOnFakes } from './fakes/control-plane.ts';

const { IDENTITY_ON_FAKES } = env as unknown as FakesEnv;

let domains = 0;

/** A domain of its own per test, with the accounts of control-plane.ts; its settings can be changed. */
class Domain {
  readonly id = `domain-${++domains}-${crypto.randomUUID()}`;
  #accounts: AccountsConfig = { ...ACCOUNTS, domain: { id: this.id, name: 'Own' } };

  get stub() {
    IdentityOnFakes.accounts = JSON.stringify(this.#accounts);
    return IDENTITY_ON_FAKES.get(IDENTITY_ON_FAKES.idFromName(this.id));
  }
  get identity(): IdentityRpc {
    return this.stub as unknown as IdentityRpc;
  }
  /** As a new deployment does: the object leaves memory and comes back with other settings. */
  async change({ users, projects }: Partial<AccountsConfig>): Promise<void> {
    const { users: usersNow, projects: projectsNow, domain } = this.#accounts;
    this.#accounts = { domain, users: users ?? usersNow, projects: projects ?? projectsNow };
    await evictDurableObject(this.stub);
  }
  async login(name: string, password: string, project?: string): Promise<Claims> {
    return must(await this.identity.login(loginOf(name, password, project))).claims;
  }
  root(): Promise<Claims> {
    return this.login('root', 'hidden', 'demo1');
  }
}

const loginOf = (name: string, password: string, project?: string): LoginInput => ({
  password: { user: { name }, password },
  ...(project === undefined ? {} : { scope: { project: { name: project } } }),
});

const [DEMO1, DEMO2, ROOT] = ACCOUNTS.users;

afterEach(() => {
  IdentityOnFakes.accounts = null;
});

/** A user and a project made through the API, the user a member of it. */
async function made(domain: Domain) {
  const root = await domain.root();
  const project = must(await domain.identity.createProject(root, { name: 'made', tags: ['t'] }));
  const user = must(await domain.identity.createUser(root, { name: 'made', password: 'p', extra: { email: 'e' } }));
  const member = { userId: user.id, place: { kind: 'project', id: project.id }, roleId: 'member' } as const;
  must(await domain.identity.assign(root, member));
  return { project, user, member };
}

describe('accounts made through the API', () => {
  test('outlive a restart and a change of the settings, with their tokens', async () => {
    const domain = new Domain();
    const { project, user } = await made(domain);
    const claims = await domain.login('made', 'p', 'made');
    await domain.change({});
    expect(must(await domain.identity.getProject(claims, project.id))).toEqual(project);
    await domain.change({ users: [DEMO1!, ROOT!] });
    expect(must(await domain.identity.getUser(await domain.root(), user.id))).toEqual(user);
    must(await domain.identity.check(claims));
    await domain.login('made', 'p', 'made');
    mustRefuse(await domain.identity.login(loginOf('demo2', 'secret')), 'unauthenticated');
  });

  test('move aside when the settings take their name, and lose nothing', async () => {
    const domain = new Domain();
    const { project, user } = await made(domain);
    const claims = await domain.login('made', 'p', 'made');
    await domain.change({
      projects: [...ACCOUNTS.projects, { id: 'configured', name: 'made' }],
      users: [
        ...ACCOUNTS.users,
        { id: 'configured', name: 'made', password: 'c', projects: [{ name: 'made', roles: ['member'] }] },
      ],
    });
    expect(await domain.login('made', 'c', 'made')).toMatchObject({ userId: 'configured', projectId: 'configured' });
    mustRefuse(await domain.identity.login(loginOf('made', 'p')), 'unauthenticated');
    const moved = await domain.login(`made-${user.id}`, 'p', `made-${project.id}`);
    expect(moved).toMatchObject({ userId: user.id, projectId: project.id, roles: ['member'] });
    must(await domain.identity.check(claims));
    expect(must(await domain.identity.getProject(claims, project.id))).toMatchObject({ tags: ['t'] });
  });

  test('give no role in a project that the settings took away, also when it comes back', async () => {
    const domain = new Domain();
    const { user } = await made(domain);
    const there = { userId: user.id, place: { kind: 'project', id: 'project-2' }, roleId: 'member' } as const;
    must(await domain.identity.assign(await domain.root(), there));
    const claims = await domain.login('made', 'p', 'demo2');
    await domain.change({ projects: [ACCOUNTS.projects[0]!], users: [DEMO1!, ROOT!] });
    mustRefuse(await domain.identity.check(claims), 'token-revoked');
    mustRefuse(await new Bench('project-2').project.checkToken(callerOf(claims)!), 'token-revoked');
    await domain.change(ACCOUNTS);
    mustRefuse(await domain.identity.login(loginOf('made', 'p', 'demo2')), 'unauthenticated');
    await domain.login('demo2', 'secret', 'demo2');
  });
});

describe('the settings', () => {
  test('with a user gone or a project gone end their tokens, and no others', async () => {
    const domain = new Domain();
    const [one, two] = [await domain.login('demo1', 'secret', 'demo1'), await domain.login('demo2', 'secret', 'demo2')];
    await domain.change({ users: [DEMO2!, ROOT!] });
    mustRefuse(await domain.identity.check(one), 'token-revoked');
    must(await domain.identity.check(two));
  });

  test('with a role more end nothing; the role is known', async () => {
    const domain = new Domain();
    const one = await domain.login('demo1', 'secret', 'demo1');
    await domain.change({
      users: [{ ...DEMO1!, projects: [{ name: 'demo1', roles: ['member', 'auditor'] }] }, DEMO2!, ROOT!],
    });
    must(await domain.identity.check(one));
    expect((await domain.login('demo1', 'secret', 'demo1')).roles).toEqual(['auditor', 'member']);
    expect(must(await domain.identity.getRole(await domain.root(), 'auditor')).configured).toBe(true);
  });
});

describe('what an earlier release stored', () => {
  /** The tables of format 1, as 0.1 made them, with one good token. */
  async function withFormat1(domain: Domain, format: string): Promise<void> {
    const token = { id: 'old', userId: 'user-1', projectId: 'project-1', expiresMs: Date.now() + 3600_000 };
    await runInDurableObject(domain.stub, (_identity, { storage: { sql } }) => {
      sql.exec('CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID');
      for (const kind of ['user', 'project']) {
        sql.exec(`CREATE TABLE ${kind} (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID`);
      }
      sql.exec(
        'CREATE TABLE token (id TEXT PRIMARY KEY, expires_ms INTEGER NOT NULL, revoked INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID',
      );
      sql.exec("INSERT INTO meta VALUES ('format', ?), ('config', 'of then')", format);
      sql.exec("INSERT INTO user VALUES ('user-9', '{}')");
      sql.exec('INSERT INTO token VALUES (?, ?, 0, ?)', token.id, token.expiresMs, JSON.stringify(token));
    });
  }

  test('is taken over: the accounts of the settings, and its tokens ended, in their projects too', async () => {
    const domain = new Domain();
    await withFormat1(domain, '1');
    const claims = await domain.login('demo1', 'secret', 'demo1');
    const old = { ...claims, id: 'old' };
    mustRefuse(await domain.identity.check(old), 'token-revoked');
    mustRefuse(await new Bench('project-1').project.checkToken(callerOf(old)!), 'token-revoked');
    must(await new Bench('project-1').project.checkToken(callerOf(claims)!));
    expect(must(await domain.identity.listUsers(await domain.root())).map(({ id }) => id)).not.toContain('user-9');
  });

  test('by a newer release is refused in words, and left alone', async () => {
    const domain = new Domain();
    await withFormat1(domain, '3');
    mustRefuse(await domain.identity.login(loginOf('demo1', 'secret')), 'format-newer');
    // To a client it is a service that is not there now.
    expect(renderFault(fault('format-newer'), 'cinder').status).toBe(503);
    await runInDurableObject(domain.stub, async (_identity, { storage: { sql } }) => {
      expect(sql.exec('SELECT id FROM user').toArray()).toEqual([{ id: 'user-9' }]);
    });
  });
});

test('a project that cannot be told fails the call; the next call tells it', async () => {
  const domain = new Domain();
  const { project, member } = await made(domain);
  const claims = await domain.login('made', 'p', 'made');
  const root = await domain.root();
  await runInDurableObject(domain.stub, async (identity) => {
    const { PROJECT } = (identity as unknown as { env: { PROJECT: { get: unknown } } }).env;
    const get = PROJECT.get;
    PROJECT.get = () => ({ revoke: () => Promise.reject(new Error('unreachable')) });
    try {
      await expect(identity.unassign(root, member)).rejects.toThrow('unreachable');
    } finally {
      PROJECT.get = get;
    }
  });
  must(await domain.identity.check(root));
  mustRefuse(await new Bench(project.id).project.checkToken(callerOf(claims)!), 'token-revoked');
});
