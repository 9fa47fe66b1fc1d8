// Identity: who may come in. Logins are rare, so one object per domain is enough; nothing on the data path comes here.

import { DurableObject } from 'cloudflare:workers';
import { type AccountsConfig, ConfigError, loadConfig } from '../config.ts';
import type { Env } from '../env.ts';
import { type Outcome, ok, refuse } from '../faults.ts';
import type { ProjectRpc } from '../project/contract.ts';
import { type Claims, signToken, TOKEN_LIFE_MS } from '../tokens.ts';
import { Accounts, type IssuedToken, type User } from './accounts.ts';
import type { IdentityRpc, Issued, LoginInput, Named, ProjectInfo } from './contract.ts';
import { checkPassword, hashPassword } from './password.ts';

type Scope = Pick<Claims, 'projectId' | 'projectName' | 'domainScoped' | 'roles'>;

const UNSCOPED: Scope = { projectId: null, projectName: null, domainScoped: false, roles: [] };

export class Identity extends DurableObject<Env> implements IdentityRpc {
  readonly #accounts: Accounts;
  /** One reconciliation for all calls; a failed one is tried again by the next call. */
  #ready: Promise<void> | null = null;
  /** Compared with when the user is unknown, so that the answer takes as long. */
  #decoy: string | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#accounts = new Accounts(ctx.storage);
  }

  async login(input: LoginInput): Promise<Outcome<Issued>> {
    const { accounts, secret } = await this.#prepared();
    const user = input.token === undefined ? await this.#byPassword(input, accounts) : this.#byToken(input.token);
    if (user === null) return refuse('unauthenticated');
    const scope = this.#scopeFor(user, input.scope, accounts);
    if (scope === null) return refuse('unauthenticated');
    const issuedMs = Date.now();
    const claims: Claims = {
      id: crypto.randomUUID(),
      parentId: input.token?.id ?? null,
      userId: user.id,
      userName: user.name,
      domainId: accounts.domain.id,
      domainName: accounts.domain.name,
      ...scope,
      methods: input.token === undefined ? ['password'] : [...new Set([...input.token.methods, 'token'])],
      issuedMs,
      // A token bought with a token does not outlive it.
      expiresMs: Math.min(issuedMs + TOKEN_LIFE_MS, input.token?.expiresMs ?? Number.POSITIVE_INFINITY),
    };
    const token = await signToken(claims, secret);
    this.#accounts.remember(asIssued(claims));
    return ok({ token, claims });
  }

  async revoke(claims: Claims): Promise<Outcome<null>> {
    await this.#prepared();
    // Stored first, then told. When telling fails so does this call, and the next call of any kind tells again.
    this.#accounts.revoke(asIssued(claims));
    this.#ready = this.#tellProjects();
    await this.#prepared();
    return ok(null);
  }

  async check(claims: Claims): Promise<Outcome<null>> {
    await this.#prepared();
    return this.#accounts.isRevoked(claims.id) ? refuse('token-revoked') : ok(null);
  }

  async listProjects(claims: Claims): Promise<Outcome<readonly ProjectInfo[]>> {
    const { accounts } = await this.#prepared();
    if (this.#accounts.isRevoked(claims.id)) return refuse('token-revoked');
    const user = this.#accounts.users().find((one) => one.id === claims.userId);
    if (user === undefined) return refuse('unauthenticated');
    const sees = (id: string) => claims.roles.includes('admin') || Object.hasOwn(user.roles, id);
    const projects = this.#accounts.projects().filter((project) => sees(project.id));
    const domainId = accounts.domain.id;
    return ok(projects.map(({ id, name }) => ({ id, name, domainId, roles: user.roles[id] ?? [] })));
  }

  async domain(): Promise<{ id: string; name: string }> {
    return loadConfig(this.env).accounts.domain;
  }

  /** The settings, with the stored accounts in line with them. */
  async #prepared(): Promise<{ accounts: AccountsConfig; secret: string }> {
    const { accounts, secret } = loadConfig(this.env);
    if (this.ctx.id.name !== undefined && this.ctx.id.name !== accounts.domain.id) {
      throw new ConfigError(`EVS_ACCOUNTS is about domain ${accounts.domain.id}, not ${this.ctx.id.name}.`);
    }
    this.#ready ??= this.#accounts.reconcile(accounts).then(() => this.#tellProjects());
    try {
      await this.#ready;
    } catch (error) {
      this.#ready = null;
      throw error;
    }
    return { accounts, secret };
  }

  async #byPassword(input: LoginInput, accounts: AccountsConfig): Promise<User | null> {
    if (input.password === undefined) return null;
    const { user: named, domain, password } = input.password;
    const user = matches(domain, accounts.domain)
      ? this.#accounts.users().find((one) => isNamed(named, one))
      : undefined;
    this.#decoy ??= await hashPassword(crypto.randomUUID());
    const good = await checkPassword(password, user?.passwordHash ?? this.#decoy);
    return good && user !== undefined ? user : null;
  }

  #byToken(claims: Claims): User | null {
    if (this.#accounts.isRevoked(claims.id) || claims.expiresMs <= Date.now()) return null;
    return this.#accounts.users().find((user) => user.id === claims.userId) ?? null;
  }

  /** What the token is good for; null when the user has no role there. */
  #scopeFor(user: User, wanted: LoginInput['scope'], accounts: AccountsConfig): Scope | null {
    if (wanted?.project !== undefined) {
      const { domain, ...named } = wanted.project;
      if (!matches(domain, accounts.domain)) return null;
      const project = this.#accounts.projects().find((one) => isNamed(named, one));
      const roles = project === undefined ? undefined : user.roles[project.id];
      if (project === undefined || roles === undefined || roles.length === 0) return null;
      return { projectId: project.id, projectName: project.name, domainScoped: false, roles };
    }
    if (wanted?.domain === undefined) return UNSCOPED;
    if (!matches(wanted.domain, accounts.domain)) return null;
    const admin = Object.values(user.roles).some((roles) => roles.includes('admin'));
    return { ...UNSCOPED, domainScoped: true, roles: [admin ? 'admin' : 'member'] };
  }

  /** Tells the projects of revoked tokens to refuse them from now on. Telling twice is harmless. */
  async #tellProjects(): Promise<void> {
    const byProject = Map.groupBy(this.#accounts.untold(), (token) => token.projectId);
    const told = [...byProject].map(async ([projectId, tokens]) => {
      if (projectId !== null) {
        const { PROJECT } = this.env;
        const project = PROJECT.get(PROJECT.idFromName(projectId)) as unknown as ProjectRpc;
        await project.revoke(tokens.map(({ id, expiresMs }) => ({ id, expiresMs })));
      }
      this.#accounts.told(tokens);
    });
    await Promise.all(told);
  }
}

function asIssued({ id, userId, projectId, expiresMs }: Claims): IssuedToken {
  return { id, userId, projectId, expiresMs };
}

/** An absent name is no condition. */
function matches(named: Named | undefined, thing: { id: string; name: string }): boolean {
  return named === undefined || isNamed(named, thing);
}

/** Named by id, else by name; a name of nothing is nobody. */
function isNamed(named: Named, thing: { id: string; name: string }): boolean {
  if (named.id !== undefined) return named.id === thing.id;
  return named.name !== undefined && named.name === thing.name;
}
