// Accounts as Keystone shows them.

import type { z } from '@hono/zod-openapi';
import type { Call } from '../../http/operation.ts';
import type { AssignmentInfo, ProjectInfo, RoleInfo, UserInfo } from '../../identity/contract.ts';
import type { AssignmentView, DomainView, ListLinks, ProjectView, RoleView, UserView } from './shapes.ts';

export type AnyCall = Call<Readonly<Record<string, string | undefined>>, unknown>;

/** `…/iam/v3` */
export const rootOf = (call: Call<unknown, unknown>): string => `${call.endpoints.of('iam')}/v3`;

/** Lists have no pages. */
export const listLinks = (call: Call<unknown, unknown>): z.input<typeof ListLinks> => ({
  self: call.endpoints.self({}),
  previous: null,
  next: null,
});

export function projectView(call: Call<unknown, unknown>, project: ProjectInfo): z.input<typeof ProjectView> {
  return {
    ...project.extra,
    id: project.id,
    name: project.name,
    domain_id: project.domainId,
    // Projects are not nested: the parent of each is the domain.
    parent_id: project.domainId,
    enabled: project.enabled,
    is_domain: false,
    description: project.description,
    tags: [...project.tags],
    options: {},
    links: { self: `${rootOf(call)}/projects/${project.id}` },
  };
}

export function userView(call: Call<unknown, unknown>, user: UserInfo): z.input<typeof UserView> {
  return {
    ...user.extra,
    id: user.id,
    name: user.name,
    domain_id: user.domainId,
    enabled: user.enabled,
    ...(user.defaultProjectId === null ? {} : { default_project_id: user.defaultProjectId }),
    password_expires_at: null,
    options: {},
    links: { self: `${rootOf(call)}/users/${user.id}` },
  };
}

export function roleView(call: Call<unknown, unknown>, role: RoleInfo): z.input<typeof RoleView> {
  return {
    id: role.id,
    name: role.name,
    domain_id: null,
    description: role.description,
    options: {},
    links: { self: `${rootOf(call)}/roles/${role.id}` },
  };
}

export function domainView(
  call: Call<unknown, unknown>,
  { id, name }: { readonly id: string; readonly name: string },
): z.input<typeof DomainView> {
  const links = { self: `${rootOf(call)}/domains/${id}` };
  return { id, name, enabled: true, description: '', tags: [], options: {}, links };
}

/** With names only when they were asked for, as in Keystone. */
export function assignmentView(
  call: Call<unknown, unknown>,
  assignment: AssignmentInfo,
  domain: { readonly id: string; readonly name: string } | null,
): z.input<typeof AssignmentView> {
  const { userId, userName, place, placeName, roleId } = assignment;
  const scope = domain === null ? { id: place.id } : { id: place.id, name: placeName };
  const owner = domain === null ? {} : { domain };
  return {
    role: domain === null ? { id: roleId } : { id: roleId, name: roleId },
    user: domain === null ? { id: userId } : { id: userId, name: userName, ...owner },
    scope: place.kind === 'project' ? { project: { ...scope, ...owner } } : { domain: scope },
    links: { assignment: `${rootOf(call)}/${place.kind}s/${place.id}/users/${userId}/roles/${roleId}` },
  };
}
