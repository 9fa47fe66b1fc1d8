// The accounts that a local server starts with. worker/config.ts reads this shape from EVS_ACCOUNTS.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { LaunchError } from './errors.ts';

export interface Accounts {
  readonly domain: { readonly id: string; readonly name: string };
  readonly projects: readonly { readonly id: string; readonly name: string }[];
  readonly users: readonly User[];
}

export interface User {
  readonly id: string;
  readonly name: string;
  /** One of the two: as typed, or as the worker stores it. */
  readonly password?: string;
  readonly passwordHash?: string;
  readonly projects: readonly { readonly name: string; readonly roles: readonly string[] }[];
}

/** 32 hex digits that are the same at every start, so that clients may keep them in scripts. */
const stableId = (kind: string, name: string): string =>
  createHash('sha256').update(`edge-evs:${kind}:${name}`).digest('hex').slice(0, 32);

/** demo1 and demo2 (member) and admin (admin), each in the project of its own name. */
export function demoAccounts(): Accounts {
  const roles = { demo1: 'member', demo2: 'member', admin: 'admin' };
  return {
    domain: { id: 'default', name: 'Default' },
    projects: Object.keys(roles).map((name) => ({ id: stableId('project', name), name })),
    users: Object.entries(roles).map(([name, role]) => ({
      id: stableId('user', name),
      name,
      password: 'secret',
      projects: [{ name, roles: [role] }],
    })),
  };
}

/** Reads accounts from a file. Ids may be left out: they follow from the names. */
export function readAccounts(file: string): Accounts {
  const wrong = (what: string) => new LaunchError(`accounts file ${file}: ${what}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw wrong((error as Error).message);
  }
  const { domain = {}, projects, users } = (parsed ?? {}) as Record<string, unknown>;
  const text = (value: unknown, what: string): string => {
    if (typeof value !== 'string' || value === '') throw wrong(`${what} must be a text`);
    return value;
  };
  const list = (value: unknown, what: string): Record<string, unknown>[] => {
    const isList = Array.isArray(value) && value.length > 0 && value.every((item) => item && typeof item === 'object');
    if (!isList) throw wrong(`${what} must be a list with at least one object`);
    return value as Record<string, unknown>[];
  };
  const named = (value: Record<string, unknown>, kind: string, what: string) => {
    const name = text(value.name, `${what}.name`);
    return { id: value.id === undefined ? stableId(kind, name) : text(value.id, `${what}.id`), name };
  };
  const { id = 'default', name = 'Default' } = domain as Record<string, unknown>;
  const accounts: Accounts = {
    domain: { id: text(id, 'domain.id'), name: text(name, 'domain.name') },
    projects: list(projects, 'projects').map((project, i) => named(project, 'project', `projects[${i}]`)),
    users: list(users, 'users').map((user, i) => ({
      ...named(user, 'user', `users[${i}]`),
      ...(user.passwordHash === undefined
        ? { password: text(user.password, `users[${i}].password`) }
        : { passwordHash: text(user.passwordHash, `users[${i}].passwordHash`) }),
      projects: list(user.projects, `users[${i}].projects`).map((membership, j) => ({
        name: text(membership.name, `users[${i}].projects[${j}].name`),
        roles: textList(membership.roles) ?? ['member'],
      })),
    })),
  };
  const known = new Set(accounts.projects.map((project) => project.name));
  for (const user of accounts.users) {
    const unknown = user.projects.find((project) => !known.has(project.name));
    if (unknown) throw wrong(`user "${user.name}" is in project "${unknown.name}", which "projects" does not list`);
  }
  return accounts;
}

const textList = (value: unknown): string[] | undefined =>
  Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string') ? value : undefined;
