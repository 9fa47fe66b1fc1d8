// Users: an administrator makes and changes them; each may see itself and change its password.

import { z } from '@hono/zod-openapi';
import { unwrap } from '../../http/errors.ts';
import { type Call, empty, json, type Routes } from '../../http/operation.ts';
import { identityOf } from '../../http/session.ts';
import type { UserChange } from '../../identity/contract.ts';
import { AccountQuery, meets } from './filters.ts';
import { mustBeOurDomain } from './projects.ts';
import { CreateUserBody, ListLinks, PasswordBody, UpdateUserBody, UserView } from './shapes.ts';
import { listLinks, userView } from './views.ts';

async function listUsers(call: Call<z.output<typeof AccountQuery>, unknown>): Promise<Response> {
  const users = unwrap(await identityOf(call.env).listUsers(call.session!.claims, call.query.name));
  const views = users.map((user) => userView(call, user)).filter((view) => meets(call.query, view));
  return json(200, { users: views, links: listLinks(call) });
}

type UserInput = z.output<typeof UpdateUserBody>['user'];

async function userChange(call: Call<unknown, unknown>, user: UserInput): Promise<UserChange> {
  const { name, password, enabled, domain_id: domainId, default_project_id: defaultProjectId, ...rest } = user;
  const { id: _id, links: _links, options: _options, original_password: _original, ...kept } = rest;
  const { password_expires_at: _expires, ...extra } = kept;
  await mustBeOurDomain(call, domainId);
  return { name, password, enabled: enabled ?? undefined, defaultProjectId, extra };
}

async function createUser(call: Call<unknown, z.output<typeof CreateUserBody>>): Promise<Response> {
  const { claims } = call.session!;
  const { name } = call.body.user;
  const input = { ...(await userChange(call, call.body.user)), name };
  const user = unwrap(await identityOf(call.env).createUser(claims, input));
  return json(201, { user: userView(call, user) });
}

async function updateUser(call: Call<unknown, z.output<typeof UpdateUserBody>>): Promise<Response> {
  const { claims } = call.session!;
  const change = await userChange(call, call.body.user);
  const user = unwrap(await identityOf(call.env).updateUser(claims, call.params.id!, change));
  return json(200, { user: userView(call, user) });
}

async function changePassword(call: Call<unknown, z.output<typeof PasswordBody>>): Promise<Response> {
  const { claims } = call.session!;
  const { original_password: from, password: to } = call.body.user;
  unwrap(await identityOf(call.env).changePassword(claims, call.params.id!, from, to));
  return empty(204);
}

/** Registers /v3/users. */
export function userRoutes(routes: Routes): void {
  const user = z.object({ user: UserView });
  routes
    .get('/users', {
      summary: 'List users (admin)',
      query: AccountQuery,
      answers: { 200: z.object({ users: z.array(UserView), links: ListLinks }) },
      handle: listUsers,
    })
    .post('/users', {
      summary: 'Create a user (admin)',
      body: CreateUserBody,
      answers: { 201: user },
      handle: createUser,
    })
    .get('/users/{id}', {
      summary: 'Show a user (admin, or the user itself)',
      answers: { 200: user },
      handle: async (call) => {
        const found = unwrap(await identityOf(call.env).getUser(call.session!.claims, call.params.id!));
        return json(200, { user: userView(call, found) });
      },
    })
    .patch('/users/{id}', {
      summary: 'Change a user (admin): disabling it and a new password end its tokens',
      body: UpdateUserBody,
      answers: { 200: user },
      handle: updateUser,
    })
    .delete('/users/{id}', {
      summary: 'Delete a user (admin): its tokens end',
      answers: { 204: null },
      handle: async (call) => {
        unwrap(await identityOf(call.env).deleteUser(call.session!.claims, call.params.id!));
        return empty(204);
      },
    })
    .post('/users/{id}/password', {
      summary: 'Change your own password: your tokens end',
      body: PasswordBody,
      answers: { 204: null },
      handle: changePassword,
    });
}
