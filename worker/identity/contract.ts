// What the identity service can be asked. Plain data only; fields are added, never changed.

import type { Outcome } from '../faults.ts';
import type { Claims } from '../tokens.ts';

/** A user, project or domain named by its id or by its name. */
export interface Named {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
}

export interface LoginInput {
  /** Exactly one of `password` and `token` (the claims of a verified token). */
  readonly password?:
    | { readonly user: Named; readonly domain?: Named | undefined; readonly password: string }
    | undefined;
  readonly token?: Claims | undefined;
  /** Absent: no scope. Both given: the project wins. */
  readonly scope?:
    | {
        readonly project?: (Named & { readonly domain?: Named | undefined }) | undefined;
        readonly domain?: Named | undefined;
      }
    | undefined;
}

/** `token` is the signed text. */
export interface Issued {
  readonly token: string;
  readonly claims: Claims;
}

export interface ProjectInfo {
  readonly id: string;
  readonly name: string;
  readonly domainId: string;
  readonly roles: readonly string[];
}

/** RPC of the Identity class; the object's name is the domain's id. */
export interface IdentityRpc {
  /** 'unauthenticated' for a wrong user, password or scope: which of them it was is not told. */
  login(input: LoginInput): Promise<Outcome<Issued>>;
  /** Pushed to the token's project before it answers. Revoking twice is fine. */
  revoke(claims: Claims): Promise<Outcome<null>>;
  /** Is a token (of any scope) still good? */
  check(claims: Claims): Promise<Outcome<null>>;
  /** The projects in which the bearer has a role; an admin sees all. */
  listProjects(claims: Claims): Promise<Outcome<readonly ProjectInfo[]>>;
  domain(): Promise<{ readonly id: string; readonly name: string }>;
}
