// Identity: who may come in, and who is who. Logins are rare, so one object per domain is enough; nothing on the data path
// comes here.

import { DurableObject } from 'cloudflare:workers';
import { ConfigError, loadConfig } from '../config.ts';
import type { Env } from '../env.ts';
import { type Outcome, ok, Refusal } from '../faults.ts';
import type { ProjectRpc } from '../project/contract.ts';
import { type Claims, signToken, TOKEN_LIFE_MS } from '../tokens.ts';
import { Accounts, ADMIN } from './accounts.ts';
import type {
  Assignment,
  AssignmentFilter,
  IdentityRpc,
  Issued,
  LoginInput,
  Place,
  ProjectChange,
  ProjectInfo,
  UserChange,
  UserInfo,
} from './contract.ts';
import { type Domain, Logins } from './login.ts';
import { createProject, deleteProject, projectOf, updateProject } from './projects.ts';
import type { IssuedToken, Project, User } from './records.ts';
import {
  assign,
  createRole,
  deleteRole,
  listAssignments,
  roleOf,
  rolesOf,
  storedAssignment,
  unassign,
} from './roles.ts';
import { applySettings } from './settings.ts';
import { Tables } from './tables.ts';
import { createUser, deleteUser, updateUser, userOf } from './users.ts';

export class Identity extends DurableObject<Env> implements IdentityRpc {
  readonly #tables: Tables;
  readonly #accounts: Accounts;
  readonly #logins: Logins;
  /** The settings applied and the projects told, once for all calls; what failed is tried again by the next call. */
  #ready: Promise<void> | null = null;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#tables = new Tables(ctx.storage);
    this.#accounts = new Accounts(this.#tables);
    this.#logins = new Logins(this.#accounts);
  }

  async login(input: LoginInput): Promise<Outcome<Issued>> {
    return outcomeOf(() => this.#login(input));
  }

  async revoke(claims: Claims): Promise<Outcome<null>> {
    return outcomeOf(async () => {
      await this.#prepared();
      const { tokens } = this.#accounts;
      tokens.revoke(tokens.get(claims.id) ?? asIssued(claims, ''));
      await this.#tell();
      return null;
    });
  }

  async check(claims: Claims): Promise<Outcome<null>> {
    return this.#as(claims, () => null);
  }

  async domain(): Promise<Domain> {
    return loadConfig(this.env).accounts.domain;
  }

  async listProjects(claims: Claims, name?: string) {
    return this.#as(claims, (domain) => {
      const { projects } = this.#accounts;
      const found = name === undefined ? projects.all() : [projects.named(name)].filter((one) => one !== undefined);
      const own = this.#projectIdsOf(claims.userId);
      const visible = claims.roles.includes(ADMIN) ? found : found.filter(({ id }) => own.has(id));
      return visible.map((project) => projectInfo(project, domain));
    });
  }
  async projectsOfUser(claims: Claims, userId: string) {
    return this.#as(claims, (domain) => {
      if (userId !== claims.userId) mustBeAdmin(claims, 'list_user_projects');
      userOf(this.#accounts, userId);
      return [...this.#projectIdsOf(userId)].map((id) => projectInfo(projectOf(this.#accounts, id), domain));
    });
  }
  async getProject(claims: Claims, id: string) {
    return this.#as(claims, (domain) => {
      const project = projectOf(this.#accounts, id);
      const sees = claims.roles.includes(ADMIN) || this.#projectIdsOf(claims.userId).has(id);
      // Of others nobody learns that they are there.
      if (!sees) throw new Refusal('account-not-found', { kind: 'project', id });
      return projectInfo(project, domain);
    });
  }
  async createProject(claims: Claims, input: ProjectChange & { readonly name: string }) {
    return this.#asAdmin(claims, 'create_project', (domain) =>
      projectInfo(createProject(this.#accounts, input), domain),
    );
  }
  async updateProject(claims: Claims, id: string, change: ProjectChange) {
    return this.#asAdmin(claims, 'update_project', (domain) =>
      projectInfo(updateProject(this.#accounts, id, change), domain),
    );
  }
  async deleteProject(claims: Claims, id: string) {
    return this.#asAdmin(claims, 'delete_project', () => {
      deleteProject(this.#accounts, id);
      return null;
    });
  }

  async listUsers(claims: Claims, name?: string) {
    return this.#asAdmin(claims, 'list_users', (domain) => {
      const { users } = this.#accounts;
      const found = name === undefined ? users.all() : [users.named(name)].filter((one) => one !== undefined);
      return found.map((user) => userInfo(user, domain));
    });
  }
  async getUser(claims: Claims, id: string) {
    return this.#as(claims, (domain) => {
      if (id !== claims.userId) mustBeAdmin(claims, 'get_user');
      return userInfo(userOf(this.#accounts, id), domain);
    });
  }
  async createUser(claims: Claims, input: UserChange & { readonly name: string }) {
    return this.#asAdmin(claims, 'create_user', async (domain) =>
      userInfo(await createUser(this.#accounts, input), domain),
    );
  }
  async updateUser(claims: Claims, id: string, change: UserChange) {
    return this.#asAdmin(claims, 'update_user', async (domain) =>
      userInfo(await updateUser(this.#accounts, id, change), domain),
    );
  }
  async deleteUser(claims: Claims, id: string) {
    return this.#asAdmin(claims, 'delete_user', () => {
      deleteUser(this.#accounts, id);
      return null;
    });
  }
  async changePassword(claims: Claims, id: string, from: string, to: string) {
    return this.#as(claims, async () => {
      if (id !== claims.userId) throw new Refusal('forbidden', { action: "change another user's password" });
      const user = userOf(this.#accounts, id);
      const knows = await this.#logins.knows(user, from);
      if (!knows || this.#logins.unchanged(user) === null) throw new Refusal('unauthenticated');
      await updateUser(this.#accounts, id, { password: to });
      return null;
    });
  }

  async listRoles(claims: Claims, name?: string) {
    return this.#asAdmin(claims, 'list_roles', () => {
      const { roles } = this.#accounts;
      return name === undefined ? roles.all() : [roles.named(name)].filter((one) => one !== undefined);
    });
  }
  async getRole(claims: Claims, id: string) {
    return this.#asAdmin(claims, 'get_role', () => roleOf(this.#accounts, id));
  }
  async createRole(claims: Claims, name: string, description: string | null) {
    return this.#asAdmin(claims, 'create_role', () => createRole(this.#accounts, name, description));
  }
  async deleteRole(claims: Claims, id: string) {
    return this.#asAdmin(claims, 'delete_role', () => {
      deleteRole(this.#accounts, id);
      return null;
    });
  }
  async rolesOf(claims: Claims, userId: string, place: Place) {
    return this.#asAdmin(claims, 'list_grants', (domain) => rolesOf(this.#accounts, userId, place, domain));
  }
  async listAssignments(claims: Claims, filter: AssignmentFilter) {
    return this.#asAdmin(claims, 'list_role_assignments', (domain) => listAssignments(this.#accounts, filter, domain));
  }
  async checkAssignment(claims: Claims, assignment: Assignment) {
    return this.#asAdmin(claims, 'check_grant', (domain) => {
      storedAssignment(this.#accounts, assignment, domain);
      return null;
    });
  }
  async assign(claims: Claims, assignment: Assignment) {
    return this.#asAdmin(claims, 'create_grant', (domain) => {
      assign(this.#accounts, assignment, domain);
      return null;
    });
  }
  async unassign(claims: Claims, assignment: Assignment) {
    return this.#asAdmin(claims, 'revoke_grant', (domain) => {
      unassign(this.#accounts, assignment, domain);
      return null;
    });
  }

  async #login(input: LoginInput): Promise<Issued> {
    const { domain, secret } = await this.#prepared();
    const { password, token: by } = input;
    const user =
      password !== undefined
        ? this.#logins.unchanged(await this.#logins.byPassword(password, domain))
        : this.#logins.byToken(by);
    const scope = user === null ? null : this.#logins.scopeFor(user, input.scope, domain);
    if (user === null || scope === null) throw new Refusal('unauthenticated');
    const issuedMs = Date.now();
    const claims: Claims = {
      id: crypto.randomUUID(),
      parentId: by?.id ?? null,
      userId: user.id,
      userName: user.name,
      domainId: domain.id,
      domainName: domain.name,
      projectId: scope.place?.kind === 'project' ? scope.place.id : null,
      projectName: scope.place?.kind === 'project' ? scope.placeName : null,
      domainScoped: scope.place?.kind === 'domain',
      roles: scope.roles,
      methods: by === undefined ? ['password'] : [...new Set([...by.methods, 'token'])],
      issuedMs,
      // A token bought with a token does not outlive it.
      expiresMs: Math.min(issuedMs + TOKEN_LIFE_MS, by?.expiresMs ?? Number.POSITIVE_INFINITY),
    };
    // In the same turn as the user was looked at: who is deleted from now on loses this token too.
    this.#accounts.tokens.remember(asIssued(claims, user.passwordId));
    return { token: await signToken(claims, secret), claims };
  }

  /** The projects in which the user has a role. */
  #projectIdsOf(userId: string): Set<string> {
    const places = this.#accounts.assignments({ userId }).map(({ place }) => place);
    return new Set(places.filter(({ kind }) => kind === 'project').map(({ id }) => id));
  }

  async #asAdmin<T>(claims: Claims, action: string, work: (domain: Domain) => T | Promise<T>): Promise<Outcome<T>> {
    return this.#as(claims, (domain) => {
      mustBeAdmin(claims, action);
      return work(domain);
    });
  }

  /** Does the work for the bearer of a good token, and tells the projects of the tokens that it cost. */
  async #as<T>(claims: Claims, work: (domain: Domain) => T | Promise<T>): Promise<Outcome<T>> {
    return outcomeOf(async () => {
      const { domain } = await this.#prepared();
      if (this.#accounts.tokens.isRevoked(claims.id)) throw new Refusal('token-revoked');
      const value = await work(domain);
      await this.#tell();
      return value;
    });
  }

  /** The settings, with the stored accounts in line with them. */
  async #prepared(): Promise<{ domain: Domain; secret: string }> {
    const { accounts, secret } = loadConfig(this.env);
    const { domain } = accounts;
    if (this.ctx.id.name !== undefined && this.ctx.id.name !== domain.id) {
      throw new ConfigError(`EVS_ACCOUNTS is about domain ${domain.id}, not ${this.ctx.id.name}.`);
    }
    this.#ready ??= applySettings(this.#tables, this.#accounts, accounts).then(() => this.#tellProjects());
    try {
      await this.#ready;
    } catch (error) {
      this.#ready = null;
      throw error;
    }
    return { domain, secret };
  }

  /** When telling fails so does the call that made it necessary, and the next call of any kind tells again. */
  async #tell(): Promise<void> {
    this.#ready = this.#tellProjects();
    await this.#prepared();
  }

  /** Tells the projects of revoked tokens to refuse them from now on. Telling twice is harmless. */
  async #tellProjects(): Promise<void> {
    const byProject = Map.groupBy(this.#accounts.tokens.untold(), ({ place }) =>
      place?.kind === 'project' ? place.id : null,
    );
    const told = [...byProject].map(async ([projectId, tokens]) => {
      if (projectId !== null) {
        const { PROJECT } = this.env;
        const project = PROJECT.get(PROJECT.idFromName(projectId)) as unknown as ProjectRpc;
        await project.revoke(tokens.map(({ id, expiresMs }) => ({ id, expiresMs })));
      }
      this.#accounts.tokens.told(tokens);
    });
    await Promise.all(told);
  }
}

/** A refusal as data: RPC does not keep classes. */
async function outcomeOf<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return ok(await work());
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, fault: error.fault };
    throw error;
  }
}

function mustBeAdmin(claims: Claims, action: string): void {
  if (claims.roles.includes(ADMIN)) return;
  throw new Refusal('forbidden', { action: `perform the requested action: identity:${action}` });
}

function asIssued(claims: Claims, passwordId: string): IssuedToken {
  const { id, userId, projectId, domainId, domainScoped, roles, expiresMs } = claims;
  const domain = domainScoped ? ({ kind: 'domain', id: domainId } as const) : null;
  const place = projectId === null ? domain : ({ kind: 'project', id: projectId } as const);
  return { id, userId, passwordId, place, roles, expiresMs };
}

function projectInfo(project: Project, domain: Domain): ProjectInfo {
  return { ...project, domainId: domain.id };
}

/** Nothing of the password leaves this object. */
function userInfo({ passwordHash: _hash, passwordId: _id, ...user }: User, domain: Domain): UserInfo {
  return { ...user, domainId: domain.id };
}
