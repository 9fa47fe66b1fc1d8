// What is stored of a domain's accounts.

import type { Extra, Place } from './contract.ts';

export interface User {
  readonly id: string;
  readonly name: string;
  readonly configured: boolean;
  readonly enabled: boolean;
  /** Null: no login by password. */
  readonly passwordHash: string | null;
  /** Another one for each password: a token belongs to the password that was good when it was issued. */
  readonly passwordId: string;
  readonly defaultProjectId: string | null;
  readonly extra: Extra;
}

export interface Project {
  readonly id: string;
  readonly name: string;
  readonly configured: boolean;
  readonly description: string;
  readonly enabled: boolean;
  readonly tags: readonly string[];
  readonly extra: Extra;
}

/** The id is the name: roles are what tokens carry, and what the other services ask for by name. */
export interface Role {
  readonly id: string;
  readonly name: string;
  readonly configured: boolean;
  readonly description: string | null;
}

/** What is remembered of a token, so that it can be taken back. */
export interface IssuedToken {
  readonly id: string;
  readonly userId: string;
  readonly passwordId: string;
  /** Null: scoped to nothing. */
  readonly place: Place | null;
  readonly roles: readonly string[];
  readonly expiresMs: number;
}
