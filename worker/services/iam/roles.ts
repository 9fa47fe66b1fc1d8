// Roles, and who has them in which project or in the domain.

import { z } from '@hono/zod-openapi';
import { unwrap } from '../../http/errors.ts';
import { type Call, empty, json, type Routes } from '../../http/operation.ts';
import { identityOf } from '../../http/session.ts';
import type { Assignment, AssignmentFilter, Place } from '../../identity/contract.ts';
import { AccountQuery, AssignmentQuery, isAskedFor, meets } from './filters.ts';
import { AssignmentView, CreateRoleBody, ListLinks, RoleView } from './shapes.ts';
import { type AnyCall, assignmentView, listLinks, roleView } from './views.ts';

const RoleList = z.object({ roles: z.array(RoleView), links: ListLinks });

async function listRoles(call: Call<z.output<typeof AccountQuery>, unknown>): Promise<Response> {
  const roles = unwrap(await identityOf(call.env).listRoles(call.session!.claims, call.query.name));
  const views = roles.map((role) => roleView(call, role));
  const { domain_id } = call.query;
  return json(200, { roles: views.filter((view) => meets({ domain_id }, view)), links: listLinks(call) });
}

async function createRole(call: Call<unknown, z.output<typeof CreateRoleBody>>): Promise<Response> {
  const { name, description } = call.body.role;
  const role = unwrap(await identityOf(call.env).createRole(call.session!.claims, name, description ?? null));
  return json(201, { role: roleView(call, role) });
}

async function listRolesAt(call: AnyCall, kind: Place['kind']): Promise<Response> {
  const { id = '', user = '' } = call.params;
  const roles = unwrap(await identityOf(call.env).rolesOf(call.session!.claims, user, { kind, id }));
  return json(200, { roles: roles.map((role) => roleView(call, role)), links: listLinks(call) });
}

type AssignmentsCall = Call<z.output<typeof AssignmentQuery>, unknown>;

function filterOf(query: AssignmentsCall['query']): AssignmentFilter {
  const project = query['scope.project.id'];
  const domain = query['scope.domain.id'];
  const byDomain: Place | undefined = domain === undefined ? undefined : { kind: 'domain', id: domain };
  const place: Place | undefined = project === undefined ? byDomain : { kind: 'project', id: project };
  return { userId: query['user.id'], roleId: query['role.id'], place };
}

async function listAssignments(call: AssignmentsCall): Promise<Response> {
  const identity = identityOf(call.env);
  const { query } = call;
  const found = unwrap(await identity.listAssignments(call.session!.claims, filterOf(query)));
  // Nobody has a role through a group or on the system: there are neither.
  const none = query['group.id'] !== undefined || query['scope.system'] !== undefined;
  const domain = isAskedFor(query.include_names) ? await identity.domain() : null;
  const views = none ? [] : found.map((assignment) => assignmentView(call, assignment, domain));
  return json(200, { role_assignments: views, links: listLinks(call) });
}

function assignmentOf(call: AnyCall, kind: Place['kind']): Assignment {
  const { id = '', user = '', role = '' } = call.params;
  return { userId: user, place: { kind, id }, roleId: role };
}

/** Registers the assignments of one kind of place. */
function assignmentRoutes(routes: Routes, kind: Place['kind']): void {
  const path = `/${kind}s/{id}/users/{user}/roles`;
  routes
    .get(path, {
      summary: `Roles of a user in a ${kind} (admin)`,
      answers: { 200: RoleList },
      handle: (call) => listRolesAt(call, kind),
    })
    .get(`${path}/{role}`, {
      summary: `Has the user this role in the ${kind}? (admin)`,
      answers: { 204: null },
      handle: async (call) => {
        unwrap(await identityOf(call.env).checkAssignment(call.session!.claims, assignmentOf(call, kind)));
        return empty(204);
      },
    })
    .put(`${path}/{role}`, {
      summary: `Give a user a role in a ${kind} (admin)`,
      answers: { 204: null },
      handle: async (call) => {
        unwrap(await identityOf(call.env).assign(call.session!.claims, assignmentOf(call, kind)));
        return empty(204);
      },
    })
    .delete(`${path}/{role}`, {
      summary: `Take a role in a ${kind} from a user (admin): tokens that rest on it end`,
      answers: { 204: null },
      handle: async (call) => {
        unwrap(await identityOf(call.env).unassign(call.session!.claims, assignmentOf(call, kind)));
        return empty(204);
      },
    });
}

/** Registers roles and their assignments. */
export function roleRoutes(routes: Routes): void {
  const role = z.object({ role: RoleView });
  routes
    .get('/roles', {
      summary: 'List roles (admin)',
      query: AccountQuery,
      answers: { 200: RoleList },
      handle: listRoles,
    })
    .post('/roles', {
      summary: 'Create a role (admin)',
      body: CreateRoleBody,
      answers: { 201: role },
      handle: createRole,
    })
    .get('/roles/{id}', {
      summary: 'Show a role (admin)',
      answers: { 200: role },
      handle: async (call) => {
        const found = unwrap(await identityOf(call.env).getRole(call.session!.claims, call.params.id!));
        return json(200, { role: roleView(call, found) });
      },
    })
    .delete('/roles/{id}', {
      summary: 'Delete a role (admin): nobody has it any more',
      answers: { 204: null },
      handle: async (call) => {
        unwrap(await identityOf(call.env).deleteRole(call.session!.claims, call.params.id!));
        return empty(204);
      },
    })
    .get('/role_assignments', {
      summary: 'Who has which role where (admin)',
      query: AssignmentQuery,
      answers: { 200: z.object({ role_assignments: z.array(AssignmentView), links: ListLinks }) },
      handle: listAssignments,
    });
  assignmentRoutes(routes, 'project');
  assignmentRoutes(routes, 'domain');
}
