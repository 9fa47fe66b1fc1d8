// Who comes in, and where to.

import type { Claims } from '../tokens.ts';
import type { Accounts } from './accounts.ts';
import type { LoginInput, Named, Place } from './contract.ts';
import { checkPassword, hashPassword } from './password.ts';
import type { User } from './records.ts';

export interface Domain {
  readonly id: string;
  readonly name: string;
}

/** What a token is good for; `place` and `placeName` are null when it is good for nothing but getting another one. */
export interface Scope {
  readonly place: Place | null;
  readonly placeName: string | null;
  readonly roles: readonly string[];
}

const UNSCOPED: Scope = { place: null, placeName: null, roles: [] };

export class Logins {
  readonly #accounts: Accounts;
  /** Compared with when there is no password to compare with, so that the answer takes as long. */
  #decoy: string | null = null;

  constructor(accounts: Accounts) {
    this.#accounts = accounts;
  }

  /** The user of a password; null when there is none. */
  async byPassword(input: NonNullable<LoginInput['password']>, domain: Domain): Promise<User | null> {
    const user = isOf(input.domain, domain) ? this.#named(input.user) : undefined;
    return (await this.knows(user, input.password)) ? (user ?? null) : null;
  }

  /** Is it the user's password? Takes the same time for a user who is not there. */
  async knows(user: User | undefined, password: string): Promise<boolean> {
    this.#decoy ??= await hashPassword(crypto.randomUUID());
    const good = await checkPassword(password, user?.passwordHash ?? this.#decoy);
    return good && typeof user?.passwordHash === 'string';
  }

  /** After a wait: the user as stored now; null when it may not come in, or not with the password that it had. */
  unchanged(user: User | null): User | null {
    const now = user === null ? undefined : this.#accounts.users.get(user.id);
    return now?.enabled === true && now.passwordId === user?.passwordId ? now : null;
  }

  /** The user of a token; null when the token is no longer good. */
  byToken(claims: Claims | undefined): User | null {
    if (claims === undefined || claims.expiresMs <= Date.now()) return null;
    if (this.#accounts.tokens.isRevoked(claims.id)) return null;
    return this.#accounts.users.get(claims.userId) ?? null;
  }

  /** What the user gets; null without a role there. */
  scopeFor(user: User, wanted: LoginInput['scope'], domain: Domain): Scope | null {
    if (wanted === 'unscoped') return UNSCOPED;
    if (wanted?.project !== undefined) {
      const { domain: ofDomain, ...project } = wanted.project;
      return isOf(ofDomain, domain) ? this.#project(user, project) : null;
    }
    if (wanted?.domain !== undefined) {
      if (!isOf(wanted.domain, domain)) return null;
      const place: Place = { kind: 'domain', id: domain.id };
      return { place, placeName: domain.name, roles: this.#accounts.rolesAt(user.id, place) };
    }
    const byDefault = user.defaultProjectId === null ? null : this.#project(user, { id: user.defaultProjectId });
    return byDefault ?? UNSCOPED;
  }

  #project(user: User, named: Named): Scope | null {
    const { projects } = this.#accounts;
    const project =
      named.id !== undefined
        ? projects.get(named.id)
        : named.name !== undefined
          ? projects.named(named.name)
          : undefined;
    if (project === undefined || !project.enabled) return null;
    const place: Place = { kind: 'project', id: project.id };
    const roles = this.#accounts.rolesAt(user.id, place);
    return roles.length === 0 ? null : { place, placeName: project.name, roles };
  }

  #named({ id, name }: Named): User | undefined {
    const { users } = this.#accounts;
    return id !== undefined ? users.get(id) : name !== undefined ? users.named(name) : undefined;
  }
}

/** An absent name is no condition; a name of nothing is nobody. */
function isOf(named: Named | undefined, domain: Domain): boolean {
  if (named === undefined) return true;
  if (named.id !== undefined) return named.id === domain.id;
  return named.name === domain.name;
}
