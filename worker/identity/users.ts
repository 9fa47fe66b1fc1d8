// Users as an administrator makes, changes and deletes them, and a user's own change of password.

import { Refusal } from '../faults.ts';
import type { Accounts } from './accounts.ts';
import type { UserChange } from './contract.ts';
import { checkNew, merged, newId } from './extra.ts';
import { hashPassword } from './password.ts';
import type { User } from './records.ts';

export function userOf(accounts: Accounts, id: string): User {
  const user = accounts.users.get(id);
  if (user === undefined) throw new Refusal('account-not-found', { kind: 'user', id });
  return user;
}

export async function createUser(accounts: Accounts, input: UserChange & { readonly name: string }): Promise<User> {
  const password = await newPassword(input.password ?? null);
  checkNew('user', accounts.users, input.name);
  return accounts.users.put({
    id: newId(),
    name: input.name,
    configured: false,
    enabled: input.enabled ?? true,
    defaultProjectId: input.defaultProjectId ?? null,
    extra: merged({}, input.extra),
    ...password,
  });
}

export async function updateUser(accounts: Accounts, id: string, change: UserChange): Promise<User> {
  changeable(accounts, id);
  const password = change.password === undefined ? {} : await newPassword(change.password);
  // Read after the wait: the user may be another one by now.
  const user = changeable(accounts, id);
  const name = change.name ?? user.name;
  const other = accounts.users.named(name);
  if (other !== undefined && other.id !== id) throw new Refusal('name-taken', { kind: 'user', name });
  return accounts.change(() =>
    accounts.users.put({
      ...user,
      name,
      enabled: change.enabled ?? user.enabled,
      defaultProjectId: change.defaultProjectId === undefined ? user.defaultProjectId : change.defaultProjectId,
      extra: merged(user.extra, change.extra),
      ...password,
    }),
  );
}

export function deleteUser(accounts: Accounts, id: string): void {
  changeable(accounts, id);
  accounts.change(() => {
    accounts.users.delete(id);
    accounts.dropDangling();
  });
}

function changeable(accounts: Accounts, id: string): User {
  const user = userOf(accounts, id);
  if (user.configured) throw new Refusal('account-configured', { kind: 'user', name: user.name });
  return user;
}

async function newPassword(password: string | null): Promise<Pick<User, 'passwordHash' | 'passwordId'>> {
  return {
    passwordHash: password === null ? null : await hashPassword(password),
    passwordId: crypto.randomUUID(),
  };
}
