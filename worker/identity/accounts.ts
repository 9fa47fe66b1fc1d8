// The accounts of a domain, as rows: seeded from the deployment's settings, and brought in line when those change.

import type { AccountsConfig } from '../config.ts';
import { checkPassword, hashPassword } from './password.ts';

const IDENTITY_FORMAT = '1';

/** Values of `token.revoked`; 0 is a good token. */
const REVOKED_TOLD = 1;
const REVOKED_UNTOLD = 2;

export interface User {
  readonly id: string;
  readonly name: string;
  readonly passwordHash: string;
  /** Role names by project id. */
  readonly roles: Readonly<Record<string, readonly string[]>>;
}

export interface Project {
  readonly id: string;
  readonly name: string;
}

export interface IssuedToken {
  readonly id: string;
  readonly userId: string;
  readonly projectId: string | null;
  readonly expiresMs: number;
}

type Kind = 'user' | 'project';

export class Accounts {
  readonly #sql: SqlStorage;
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#sql = storage.sql;
  }

  /**
   * Makes users, projects and roles what the settings say, and revokes the tokens of users who are gone, have another
   * password, or other roles. Nothing is done when the settings did not change.
   */
  async reconcile(config: AccountsConfig): Promise<void> {
    const digest = await digestOf(config);
    const known = this.#exists();
    if (known && this.#meta('format') !== IDENTITY_FORMAT) {
      throw new Error(`The stored accounts have format ${this.#meta('format')}: run a newer release.`);
    }
    if (known && this.#meta('config') === digest) return;
    const before = new Map((known ? this.users() : []).map((user) => [user.id, user]));
    // Hashing takes time and awaits: all of it comes first, the rows change in one transaction.
    const users = await Promise.all(config.users.map((user) => asUser(user, config, before.get(user.id))));
    this.#storage.transactionSync(() => {
      if (!this.#exists()) this.#createTables();
      for (const token of this.#lostTokens(before, users)) this.revoke(token);
      this.#sql.exec('DELETE FROM user');
      this.#sql.exec('DELETE FROM project');
      for (const user of users) this.#put('user', user);
      for (const project of config.projects) this.#put('project', project);
      this.#setMeta('config', digest);
    });
  }

  users(): User[] {
    return this.#all<User>('user');
  }

  projects(): Project[] {
    return this.#all<Project>('project');
  }

  /** Remembered so that a user's tokens can be taken back; what has expired goes. */
  remember(token: IssuedToken): void {
    this.#sql.exec('DELETE FROM token WHERE expires_ms < ?', Date.now());
    const { id, expiresMs } = token;
    this.#sql.exec('INSERT OR REPLACE INTO token VALUES (?, ?, 0, ?)', id, expiresMs, JSON.stringify(token));
  }

  /** Refused here at once; its project is still to be told. */
  revoke(token: IssuedToken): void {
    const { id, expiresMs } = token;
    const body = JSON.stringify(token);
    this.#sql.exec('INSERT OR REPLACE INTO token VALUES (?, ?, ?, ?)', id, expiresMs, REVOKED_UNTOLD, body);
  }

  isRevoked(id: string): boolean {
    return this.#sql.exec('SELECT 1 FROM token WHERE id = ? AND revoked > 0', id).toArray().length > 0;
  }

  /** Revoked tokens whose projects may not know it yet. */
  untold(): IssuedToken[] {
    const rows = this.#sql.exec<{ body: string }>('SELECT body FROM token WHERE revoked = ?', REVOKED_UNTOLD).toArray();
    return rows.map((row) => JSON.parse(row.body) as IssuedToken);
  }

  told(tokens: readonly IssuedToken[]): void {
    for (const { id } of tokens) this.#sql.exec('UPDATE token SET revoked = ? WHERE id = ?', REVOKED_TOLD, id);
  }

  #lostTokens(before: ReadonlyMap<string, User>, users: readonly User[]): IssuedToken[] {
    const after = new Map(users.map((user) => [user.id, user]));
    const live = this.#sql.exec<{ body: string }>('SELECT body FROM token WHERE revoked = 0').toArray();
    return live
      .map((row) => JSON.parse(row.body) as IssuedToken)
      .filter((token) => {
        const [was, is] = [before.get(token.userId), after.get(token.userId)];
        if (was === undefined || is === undefined || was.passwordHash !== is.passwordHash) return true;
        if (token.projectId === null) return false;
        return JSON.stringify(was.roles[token.projectId]) !== JSON.stringify(is.roles[token.projectId]);
      });
  }

  #exists(): boolean {
    const found = this.#sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'meta'");
    return found.toArray().length > 0;
  }

  #createTables(): void {
    this.#sql.exec('CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID');
    this.#sql.exec('CREATE TABLE user (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID');
    this.#sql.exec('CREATE TABLE project (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID');
    this.#sql.exec(
      'CREATE TABLE token (id TEXT PRIMARY KEY, expires_ms INTEGER NOT NULL, revoked INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID',
    );
    this.#setMeta('format', IDENTITY_FORMAT);
  }

  #meta(name: string): string | undefined {
    return this.#sql.exec<{ value: string }>('SELECT value FROM meta WHERE name = ?', name).toArray()[0]?.value;
  }

  #setMeta(name: string, value: string): void {
    this.#sql.exec('INSERT OR REPLACE INTO meta VALUES (?, ?)', name, value);
  }

  #put(kind: Kind, document: { readonly id: string }): void {
    this.#sql.exec(`INSERT INTO ${kind} VALUES (?, ?)`, document.id, JSON.stringify(document));
  }

  #all<T>(kind: Kind): T[] {
    const rows = this.#sql.exec<{ body: string }>(`SELECT body FROM ${kind} ORDER BY id`).toArray();
    return rows.map((row) => JSON.parse(row.body) as T);
  }
}

/** A user as stored. A password that did not change keeps its hash: its tokens stay good. */
async function asUser(
  user: AccountsConfig['users'][number],
  config: AccountsConfig,
  before: User | undefined,
): Promise<User> {
  const projectIds = new Map(config.projects.map((project) => [project.name, project.id]));
  const roles = Object.fromEntries(user.projects.map(({ name, roles }) => [projectIds.get(name) ?? name, roles]));
  return { id: user.id, name: user.name, roles, passwordHash: await hashFor(user, before) };
}

async function hashFor(user: AccountsConfig['users'][number], before: User | undefined): Promise<string> {
  if (user.passwordHash !== undefined) return user.passwordHash;
  const password = user.password ?? '';
  const same = before !== undefined && (await checkPassword(password, before.passwordHash));
  return same ? before.passwordHash : await hashPassword(password);
}

async function digestOf(config: AccountsConfig): Promise<string> {
  const text = new TextEncoder().encode(JSON.stringify(config));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', text));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
