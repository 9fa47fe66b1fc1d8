// Roles, and who has which of them where.

import { Refusal } from '../faults.ts';
import type { Accounts, StoredAssignment } from './accounts.ts';
import type { Assignment, AssignmentFilter, AssignmentInfo, Place } from './contract.ts';
import { checkNew } from './extra.ts';
import type { Domain } from './login.ts';
import { projectOf } from './projects.ts';
import type { Role } from './records.ts';
import { userOf } from './users.ts';

export function roleOf(accounts: Accounts, id: string): Role {
  const role = accounts.roles.get(id);
  if (role === undefined) throw new Refusal('account-not-found', { kind: 'role', id });
  return role;
}

export function createRole(accounts: Accounts, name: string, description: string | null): Role {
  checkNew('role', accounts.roles, name);
  return accounts.roles.put({ id: name, name, configured: false, description });
}

export function deleteRole(accounts: Accounts, id: string): void {
  const { name, configured } = roleOf(accounts, id);
  if (configured) throw new Refusal('account-configured', { kind: 'role', name });
  accounts.change(() => {
    accounts.roles.delete(id);
    accounts.dropDangling();
  });
}

export function listAssignments(accounts: Accounts, filter: AssignmentFilter, domain: Domain): AssignmentInfo[] {
  return accounts.assignments(filter).map(({ userId, place, roleId }) => ({
    userId,
    place,
    roleId,
    userName: userOf(accounts, userId).name,
    placeName: place.kind === 'project' ? projectOf(accounts, place.id).name : domain.name,
  }));
}

export function assign(accounts: Accounts, assignment: Assignment, domain: Domain): void {
  checkParts(accounts, assignment, domain);
  accounts.assign(assignment, false);
}

export function unassign(accounts: Accounts, assignment: Assignment, domain: Domain): void {
  const { configured } = storedAssignment(accounts, assignment, domain);
  if (configured) throw new Refusal('account-configured', { kind: 'role assignment', name: assignment.roleId });
  accounts.change(() => accounts.unassign(assignment));
}

/** The assignment as it is stored; refused with 'assignment-not-found' when it is not. */
export function storedAssignment(accounts: Accounts, assignment: Assignment, domain: Domain): StoredAssignment {
  checkParts(accounts, assignment, domain);
  const [found] = accounts.assignments(assignment);
  if (found !== undefined) return found;
  const { userId: user, place, roleId: role } = assignment;
  throw new Refusal('assignment-not-found', { role, user, kind: place.kind, id: place.id });
}

/** The roles of a user in a place, both of which must be there. */
export function rolesOf(accounts: Accounts, userId: string, place: Place, domain: Domain): Role[] {
  checkPlace(accounts, place, domain);
  userOf(accounts, userId);
  return accounts.assignments({ userId, place }).map(({ roleId }) => roleOf(accounts, roleId));
}

function checkParts(accounts: Accounts, { userId, place, roleId }: Assignment, domain: Domain): void {
  checkPlace(accounts, place, domain);
  userOf(accounts, userId);
  roleOf(accounts, roleId);
}

function checkPlace(accounts: Accounts, { kind, id }: Place, domain: Domain): void {
  if (kind === 'project') projectOf(accounts, id);
  else if (id !== domain.id) throw new Refusal('account-not-found', { kind, id });
}
