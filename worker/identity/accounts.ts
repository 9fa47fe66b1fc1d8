// The accounts of a domain and what follows from them: who has which roles where, and which tokens stand.

import type { Assignment, AssignmentFilter, Place } from './contract.ts';
import { IssuedTokens } from './issued.ts';
import type { IssuedToken, Project, Role, User } from './records.ts';
import type { Documents, Tables } from './tables.ts';

export const ADMIN = 'admin';
export const MEMBER = 'member';

/** Roles that every domain has. */
export const BUILT_IN_ROLES = [ADMIN, MEMBER, 'reader'];

export interface StoredAssignment extends Assignment {
  readonly configured: boolean;
}

export class Accounts {
  readonly users: Documents<User>;
  readonly projects: Documents<Project>;
  readonly roles: Documents<Role>;
  readonly tokens: IssuedTokens;
  readonly #tables: Tables;

  constructor(tables: Tables) {
    this.#tables = tables;
    this.users = tables.documents<User>('user');
    this.projects = tables.documents<Project>('project');
    this.roles = tables.documents<Role>('role');
    this.tokens = new IssuedTokens(tables.sql);
  }

  /** Runs `change` in one transaction, and then takes back every token that no longer stands. */
  change<T>(change: () => T): T {
    return this.#tables.change(() => {
      const result = change();
      // Many tokens are alike: each kind is judged once.
      const judged = new Map<string, boolean>();
      for (const token of this.tokens.good()) {
        const kind = JSON.stringify([token.userId, token.passwordId, token.place, token.roles]);
        const stands = judged.get(kind) ?? this.#stands(token);
        judged.set(kind, stands);
        if (!stands) this.tokens.revoke(token);
      }
      return result;
    });
  }

  assignments({ userId, place, roleId }: AssignmentFilter = {}): StoredAssignment[] {
    const conditions: [string, string][] = [];
    if (userId !== undefined) conditions.push(['user_id', userId]);
    if (place !== undefined) conditions.push(['place', placeKey(place)]);
    if (roleId !== undefined) conditions.push(['role_id', roleId]);
    const where = conditions.map(([column]) => `${column} = ?`).join(' AND ') || 'true';
    const rows = this.#tables.sql.exec<{ user_id: string; place: string; role_id: string; configured: number }>(
      `SELECT * FROM assignment WHERE ${where} ORDER BY user_id, place, role_id`,
      ...conditions.map(([, value]) => value),
    );
    return rows.toArray().map((row) => ({
      userId: row.user_id,
      place: placeOf(row.place),
      roleId: row.role_id,
      configured: row.configured === 1,
    }));
  }

  assign({ userId, place, roleId }: Assignment, configured: boolean): void {
    this.#tables.sql.exec(
      'INSERT OR IGNORE INTO assignment VALUES (?, ?, ?, ?)',
      ...[userId, placeKey(place), roleId, Number(configured)],
    );
  }

  unassign({ userId, place, roleId }: Assignment): void {
    this.#tables.sql.exec(
      'DELETE FROM assignment WHERE user_id = ? AND place = ? AND role_id = ?',
      ...[userId, placeKey(place), roleId],
    );
  }

  /**
   * The roles of a user in a place. Everybody is a member of the domain; who is an admin anywhere is one of the domain, as
   * in OpenStack, where that role is never bound to a project.
   */
  rolesAt(userId: string, place: Place): string[] {
    const roles = this.assignments({ userId, place }).map(({ roleId }) => roleId);
    if (place.kind === 'project') return roles;
    const isAdmin = this.assignments({ userId, roleId: ADMIN }).length > 0;
    return [...new Set([...(isAdmin ? [ADMIN] : []), MEMBER, ...roles])];
  }

  /** Assignments end with their user, project and role, also when the settings take those away. */
  dropDangling(): void {
    this.#tables.sql.exec(
      `DELETE FROM assignment WHERE user_id NOT IN (SELECT id FROM user) OR role_id NOT IN (SELECT id FROM role)
       OR (place LIKE 'project:%' AND substr(place, 9) NOT IN (SELECT id FROM project))`,
    );
  }

  /** A token stands while its user may come in with the same password, to the same place, with all of its roles. */
  #stands({ userId, passwordId, place, roles }: IssuedToken): boolean {
    const user = this.users.get(userId);
    if (user === undefined || !user.enabled || user.passwordId !== passwordId) return false;
    if (place === null) return true;
    if (place.kind === 'project' && this.projects.get(place.id)?.enabled !== true) return false;
    const held = this.rolesAt(userId, place);
    return roles.every((role) => held.includes(role));
  }
}

const placeKey = ({ kind, id }: Place): string => `${kind}:${id}`;

function placeOf(key: string): Place {
  const [kind = '', ...id] = key.split(':');
  return { kind: kind === 'project' ? 'project' : 'domain', id: id.join(':') };
}
