// Identity: logins, tokens, projects, users, roles.

import type { Make, Requests } from '../requests.ts';
import { type Tenant, tokenFor } from '../tenant.ts';
import { admin, plain } from './common.ts';

let count = 0;
const newName = (kind: string) => `${kind}-${++count}`;

const made = async (tenant: Tenant, kind: 'project' | 'user' | 'role', fields: object = {}): Promise<string> =>
  (await tenant.ask('POST', `/iam/v3/${kind}s`, { [kind]: { name: newName(kind), ...fields } }))[kind].id;

const on = (kind: 'project' | 'user' | 'role', body?: unknown) =>
  admin(async (tenant) => ({ ids: [await made(tenant, kind)], body }));

/** A role of a user somewhere; given to it before when `assigned`. */
function assignment(place: 'projects' | 'domains', assigned: boolean) {
  return admin(async (tenant) => {
    const id = place === 'domains' ? 'default' : await made(tenant, 'project');
    const [user, role] = [await made(tenant, 'user'), await made(tenant, 'role')];
    if (assigned) await tenant.ask('PUT', `/iam/v3/${place}/${id}/users/${user}/roles/${role}`);
    return { ids: [id, user, role] };
  });
}

function assignments(place: 'projects' | 'domains'): Requests {
  const path = `/iam/v3/${place}/{id}/users/{user}/roles`;
  const list: Make = async (tenant) => ({
    ids: [place === 'domains' ? 'default' : await made(tenant, 'project'), await made(tenant, 'user')],
  });
  return {
    [`GET ${path}`]: admin(list),
    [`GET ${path}/{role}`]: assignment(place, true),
    [`PUT ${path}/{role}`]: assignment(place, false),
    [`DELETE ${path}/{role}`]: assignment(place, true),
  };
}

/** Another token of the same user. */
const subject: Make = async (tenant) => ({ headers: { 'X-Subject-Token': await tokenFor(tenant.api.projectId) } });

const domain = { id: 'default' };
const LOGIN = {
  auth: {
    identity: { methods: ['password'], password: { user: { name: 'demo1', domain, password: 'secret' } } },
    scope: { project: { name: 'demo1', domain } },
  },
};

/** The first of a list, whatever it is. */
const listed = (kind: 'services' | 'endpoints'): Make => {
  return async (tenant) => ({ ids: [(await tenant.ask('GET', `/iam/v3/${kind}`))[kind][0].id] });
};

/** Everybody changes the own password only. */
const changePassword: Make = async (tenant) => {
  const id = await made(tenant, 'user', { password: 'first' });
  const token = await tokenFor(tenant.api.projectId, { userId: id });
  const body = { user: { original_password: 'first', password: 'second' } };
  return { ids: [id], body, headers: { 'X-Auth-Token': token } };
};

export const ACCOUNT_REQUESTS: Requests = {
  'GET /iam': plain,
  'GET /iam/v3': plain,
  'POST /iam/v3/auth/tokens': () => ({ body: LOGIN }),
  'GET /iam/v3/auth/tokens': subject,
  'DELETE /iam/v3/auth/tokens': subject,
  'GET /iam/v3/auth/catalog': plain,
  'GET /iam/v3/auth/projects': plain,
  'GET /iam/v3/auth/domains': plain,
  'GET /iam/v3/regions': plain,
  'GET /iam/v3/regions/{id}': () => ({ ids: ['eu-de'] }),
  'GET /iam/v3/services': admin(plain),
  'GET /iam/v3/services/{id}': admin(listed('services')),
  'GET /iam/v3/endpoints': admin(plain),
  'GET /iam/v3/endpoints/{id}': admin(listed('endpoints')),
  'GET /iam/v3/domains': plain,
  'GET /iam/v3/domains/{id}': () => ({ ids: ['default'] }),
  'GET /iam/v3/projects': plain,
  'POST /iam/v3/projects': admin(() => ({ body: { project: { name: newName('project'), description: 'd' } } })),
  'GET /iam/v3/projects/{id}': on('project'),
  'PATCH /iam/v3/projects/{id}': on('project', { project: { description: 'd' } }),
  'DELETE /iam/v3/projects/{id}': on('project'),
  'GET /iam/v3/users/{id}/projects': on('user'),
  'GET /iam/v3/users': admin(plain),
  'POST /iam/v3/users': admin(() => ({ body: { user: { name: newName('user'), password: 'p' } } })),
  'GET /iam/v3/users/{id}': on('user'),
  'PATCH /iam/v3/users/{id}': on('user', { user: { email: 'u@example.com' } }),
  'DELETE /iam/v3/users/{id}': on('user'),
  'POST /iam/v3/users/{id}/password': admin(changePassword),
  'GET /iam/v3/roles': admin(plain),
  'POST /iam/v3/roles': admin(() => ({ body: { role: { name: newName('role') } } })),
  'GET /iam/v3/roles/{id}': on('role'),
  'DELETE /iam/v3/roles/{id}': on('role'),
  'GET /iam/v3/role_assignments': admin(plain),
  ...assignments('projects'),
  ...assignments('domains'),
};
