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
  /** Absent: the user's default project, else no scope. Both project and domain given: the project wins. */
  readonly scope?:
    | {
        readonly project?: (Named & { readonly domain?: Named | undefined }) | undefined;
        readonly domain?: Named | undefined;
      }
    | 'unscoped'
    | undefined;
}

/** `token` is the signed text. */
export interface Issued {
  readonly token: string;
  readonly claims: Claims;
}

/** Attributes that clients attach to accounts, and that mean nothing here (`email`, `description`, their own). */
export type Extra = Readonly<Record<string, string | number | boolean>>;

interface Account {
  readonly id: string;
  readonly name: string;
  /** From the deployment's settings: nothing but they can change it. */
  readonly configured: boolean;
}

export interface ProjectInfo extends Account {
  readonly domainId: string;
  readonly description: string;
  readonly enabled: boolean;
  readonly tags: readonly string[];
  readonly extra: Extra;
}

export interface UserInfo extends Account {
  readonly domainId: string;
  readonly enabled: boolean;
  /** Where a login without a scope leads, when the user has a role there. */
  readonly defaultProjectId: string | null;
  readonly extra: Extra;
}

/** A role's id is its name. */
export interface RoleInfo extends Account {
  readonly description: string | null;
}

/** In `extra`, null removes an attribute. */
type ExtraChange = Readonly<Record<string, string | number | boolean | null>>;

export interface ProjectChange {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly enabled?: boolean | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly extra?: ExtraChange | undefined;
}

export interface UserChange {
  readonly name?: string | undefined;
  /** Null: the user cannot log in by password. */
  readonly password?: string | null | undefined;
  readonly enabled?: boolean | undefined;
  readonly defaultProjectId?: string | null | undefined;
  readonly extra?: ExtraChange | undefined;
}

/** Where a role holds. */
export interface Place {
  readonly kind: 'project' | 'domain';
  readonly id: string;
}

export interface Assignment {
  readonly userId: string;
  readonly place: Place;
  readonly roleId: string;
}

export interface AssignmentInfo extends Assignment {
  readonly userName: string;
  readonly placeName: string;
}

/** What is absent is no condition. */
export interface AssignmentFilter {
  readonly userId?: string | undefined;
  readonly place?: Place | undefined;
  readonly roleId?: string | undefined;
}

/**
 * RPC of the Identity class; the object's name is the domain's id. Every method that takes claims refuses a revoked token
 * with 'token-revoked'. Projects, users and roles are changed by the role admin only (else 'forbidden'), and never those
 * of the settings ('account-configured'); a name that is taken is refused with 'name-taken'.
 */
export interface IdentityRpc {
  /** 'unauthenticated' for a wrong user, password or scope: which of them it was is not told. */
  login(input: LoginInput): Promise<Outcome<Issued>>;
  /** Pushed to the token's project before it answers. Revoking twice is fine. */
  revoke(claims: Claims): Promise<Outcome<null>>;
  /** Is a token (of any scope) still good? */
  check(claims: Claims): Promise<Outcome<null>>;
  domain(): Promise<{ readonly id: string; readonly name: string }>;

  /** The projects in which the bearer has a role; an admin sees all. */
  listProjects(claims: Claims, name?: string): Promise<Outcome<readonly ProjectInfo[]>>;
  /** The projects in which a user has a role: for the user, and for an admin. */
  projectsOfUser(claims: Claims, userId: string): Promise<Outcome<readonly ProjectInfo[]>>;
  getProject(claims: Claims, id: string): Promise<Outcome<ProjectInfo>>;
  createProject(claims: Claims, input: ProjectChange & { readonly name: string }): Promise<Outcome<ProjectInfo>>;
  updateProject(claims: Claims, id: string, change: ProjectChange): Promise<Outcome<ProjectInfo>>;
  /** Its tokens are taken back. What is in the project stays there, out of everybody's reach. */
  deleteProject(claims: Claims, id: string): Promise<Outcome<null>>;

  listUsers(claims: Claims, name?: string): Promise<Outcome<readonly UserInfo[]>>;
  getUser(claims: Claims, id: string): Promise<Outcome<UserInfo>>;
  createUser(claims: Claims, input: UserChange & { readonly name: string }): Promise<Outcome<UserInfo>>;
  /** Disabling a user, or a new password, takes the tokens back. */
  updateUser(claims: Claims, id: string, change: UserChange): Promise<Outcome<UserInfo>>;
  deleteUser(claims: Claims, id: string): Promise<Outcome<null>>;
  /** By the user itself, who knows the old one (else 'unauthenticated'). Takes the tokens back. */
  changePassword(claims: Claims, id: string, from: string, to: string): Promise<Outcome<null>>;

  listRoles(claims: Claims, name?: string): Promise<Outcome<readonly RoleInfo[]>>;
  getRole(claims: Claims, id: string): Promise<Outcome<RoleInfo>>;
  createRole(claims: Claims, name: string, description: string | null): Promise<Outcome<RoleInfo>>;
  /** Nobody has it any more. */
  deleteRole(claims: Claims, id: string): Promise<Outcome<null>>;
  /** Of a user in a place. */
  rolesOf(claims: Claims, userId: string, place: Place): Promise<Outcome<readonly RoleInfo[]>>;
  listAssignments(claims: Claims, filter: AssignmentFilter): Promise<Outcome<readonly AssignmentInfo[]>>;
  /** Is it so? 'assignment-not-found' when not. */
  checkAssignment(claims: Claims, assignment: Assignment): Promise<Outcome<null>>;
  /** Assigning twice is fine. */
  assign(claims: Claims, assignment: Assignment): Promise<Outcome<null>>;
  /** Tokens that rest on it are taken back. */
  unassign(claims: Claims, assignment: Assignment): Promise<Outcome<null>>;
}
