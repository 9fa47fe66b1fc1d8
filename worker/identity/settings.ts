// The accounts of the deployment's settings, brought into the tables when the settings change. They win over what was made
// through the API: an account that has taken a name in the meantime keeps its id and all it has, and gets a longer name.

import type { AccountsConfig } from '../config.ts';
import { type Accounts, BUILT_IN_ROLES } from './accounts.ts';
import { checkPassword, hashPassword } from './password.ts';
import type { Role, User } from './records.ts';
import type { Documents, Tables } from './tables.ts';

type ConfiguredUser = AccountsConfig['users'][number];

/** Part of what is compared: raise it when the rows made of the same settings change. */
const SEEDING = 1;

/** Makes users, projects, roles and assignments what the settings say. Nothing is done when those did not change. */
export async function applySettings(tables: Tables, accounts: Accounts, config: AccountsConfig): Promise<void> {
  tables.prepare();
  const digest = await digestOf([SEEDING, config]);
  if (tables.meta('config') === digest) return;
  const before = new Map(accounts.users.all().map((user) => [user.id, user]));
  // Hashing takes time and awaits: all of it comes first, the rows change in one transaction.
  const users = await Promise.all(config.users.map((user) => asUser(user, before.get(user.id))));
  accounts.change(() => {
    removeConfigured(tables);
    const roles = new Set([
      ...BUILT_IN_ROLES,
      ...config.users.flatMap((user) => user.projects.flatMap((p) => p.roles)),
    ]);
    for (const name of roles) claim<Role>(accounts.roles, { id: name, name, configured: true, description: null });
    for (const { id, name } of config.projects) {
      const plain = { configured: true, description: '', enabled: true, tags: [], extra: {} };
      claim(accounts.projects, { id, name, ...plain });
    }
    for (const user of users) claim(accounts.users, user);
    for (const user of config.users) assignConfigured(accounts, config, user);
    accounts.dropDangling();
    tables.setMeta('config', digest);
  });
}

function removeConfigured(tables: Tables): void {
  for (const table of ['user', 'project', 'role', 'assignment']) {
    tables.sql.exec(`DELETE FROM ${table} WHERE configured = 1`);
  }
}

/** Stores the document; another one with its name moves aside. */
function claim<T extends { readonly id: string; readonly name: string; readonly configured: boolean }>(
  documents: Documents<T>,
  document: T,
): void {
  const other = documents.named(document.name);
  if (other !== undefined && other.id !== document.id) documents.put({ ...other, name: `${other.name}-${other.id}` });
  documents.put(document);
}

function assignConfigured(accounts: Accounts, config: AccountsConfig, user: ConfiguredUser): void {
  const projectIds = new Map(config.projects.map((project) => [project.name, project.id]));
  for (const { name, roles } of user.projects) {
    const place = { kind: 'project', id: projectIds.get(name) ?? name } as const;
    for (const roleId of roles) {
      const assignment = { userId: user.id, place, roleId };
      accounts.unassign(assignment);
      accounts.assign(assignment, true);
    }
  }
}

/** A user as stored. A password that did not change keeps its hash and id: its tokens stay good. */
async function asUser(user: ConfiguredUser, before: User | undefined): Promise<User> {
  const { id, name } = user;
  const passwordHash = await hashFor(user, before);
  const passwordId = before?.passwordHash === passwordHash ? before.passwordId : crypto.randomUUID();
  return { id, name, passwordHash, passwordId, configured: true, enabled: true, defaultProjectId: null, extra: {} };
}

async function hashFor(user: ConfiguredUser, before: User | undefined): Promise<string> {
  if (user.passwordHash !== undefined) return user.passwordHash;
  const password = user.password ?? '';
  const known = before?.passwordHash ?? null;
  return known !== null && (await checkPassword(password, known)) ? known : await hashPassword(password);
}

async function digestOf(value: unknown): Promise<string> {
  const text = new TextEncoder().encode(JSON.stringify(value));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', text));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
