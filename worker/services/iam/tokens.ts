// Logging in, looking at tokens, revoking them.

import { z } from '@hono/zod-openapi';
import { loadConfig } from '../../config.ts';
import { ApiError, badRequest, notFound, unwrap } from '../../http/errors.ts';
import { type Call, empty, json, type Routes } from '../../http/operation.ts';
import { identityOf, unauthorized } from '../../http/session.ts';
import { tokenTime } from '../../http/times.ts';
import type { LoginInput } from '../../identity/contract.ts';
import { type Claims, verifyToken } from '../../tokens.ts';
import { Catalog, catalogOf } from './catalog.ts';

const named = z.object({ id: z.string().optional(), name: z.string().optional() });

const LoginBody = z.object({
  auth: z.object({
    identity: z.object({
      methods: z.array(z.string()).min(1),
      password: z.object({ user: named.extend({ password: z.string(), domain: named.optional() }) }).optional(),
      token: z.object({ id: z.string() }).optional(),
    }),
    scope: z
      .union([
        z.object({
          project: named.extend({ domain: named.optional() }).optional(),
          domain: named.optional(),
          unscoped: z.object({}).optional(),
          // Taken so that they can be refused in words.
          system: z.unknown().optional(),
          'OS-TRUST:trust': z.unknown().optional(),
        }),
        z.literal('unscoped'),
      ])
      .nullish(),
  }),
});

const idAndName = z.object({ id: z.string(), name: z.string() });

export const TokenAnswer = z
  .object({
    token: z.object({
      methods: z.array(z.string()),
      user: idAndName.extend({ domain: idAndName, password_expires_at: z.string().nullable() }),
      audit_ids: z.array(z.string()),
      issued_at: z.string(),
      expires_at: z.string(),
      is_domain: z.boolean().optional(),
      project: idAndName.extend({ domain: idAndName }).optional(),
      domain: idAndName.optional(),
      roles: z.array(idAndName).optional(),
      catalog: Catalog.optional(),
    }),
  })
  .openapi('Token');

type LoginCall = Call<{ nocatalog?: string | undefined }, z.output<typeof LoginBody>>;

/** The body of a token. Project, roles and catalog appear only in a token that is scoped to something. */
function tokenView(call: Call<unknown, unknown>, claims: Claims, withCatalog: boolean): z.input<typeof TokenAnswer> {
  const domain = { id: claims.domainId, name: claims.domainName };
  const scoped = claims.projectId !== null || claims.domainScoped;
  return {
    token: {
      methods: [...claims.methods],
      user: { id: claims.userId, name: claims.userName, domain, password_expires_at: null },
      // The second names the token that this one was exchanged for.
      audit_ids: claims.parentId === null ? [claims.id] : [claims.id, claims.parentId],
      issued_at: tokenTime(claims.issuedMs),
      expires_at: tokenTime(claims.expiresMs),
      ...(claims.projectId === null
        ? {}
        : { is_domain: false, project: { id: claims.projectId, name: claims.projectName ?? '', domain } }),
      ...(claims.domainScoped ? { domain } : {}),
      ...(scoped ? { roles: claims.roles.map((role) => ({ id: role, name: role })) } : {}),
      ...(scoped && withCatalog
        ? { catalog: catalogOf(call.endpoints, loadConfig(call.env).region, claims.projectId) }
        : {}),
    },
  };
}

/** What the login is for; refuses what nobody can log in to. */
function scopeOf({ scope }: z.output<typeof LoginBody>['auth']): LoginInput['scope'] {
  if (scope == null) return undefined;
  if (scope === 'unscoped' || scope.unscoped !== undefined) return 'unscoped';
  if (scope.system !== undefined) {
    const message = 'Nobody has a role on the system: log in to a project, to the domain, or without a scope.';
    throw new ApiError(401, message);
  }
  if (scope['OS-TRUST:trust'] !== undefined) throw badRequest('There are no trusts: log in to a project.');
  return scope;
}

async function loginInput(call: LoginCall): Promise<LoginInput> {
  const { identity } = call.body.auth;
  const scope = scopeOf(call.body.auth);
  if (identity.methods.includes('password')) {
    if (identity.password === undefined) throw badRequest('auth.identity.password is missing.');
    const { id, name, domain, password } = identity.password.user;
    return { password: { user: { id, name }, domain, password }, scope };
  }
  if (identity.methods.includes('token')) {
    const text = identity.token?.id ?? '';
    const token = await verifyToken(text, loadConfig(call.env).secret);
    if (token === null) throw unauthorized(call.c.req.url);
    return { token, scope };
  }
  throw badRequest(`Unsupported methods ${identity.methods.join(', ').slice(0, 100)}: use password or token.`);
}

async function login(call: LoginCall): Promise<Response> {
  const { token, claims } = unwrap(await identityOf(call.env).login(await loginInput(call)));
  return json(201, tokenView(call, claims, call.query.nocatalog === undefined), {
    'X-Subject-Token': token,
    Vary: 'X-Auth-Token',
  });
}

/** The token that a call is about. Only its own bearer or an admin may look at it. */
async function subject(call: Call<unknown, unknown>): Promise<{ text: string; claims: Claims }> {
  const text = call.c.req.header('X-Subject-Token') ?? '';
  if (text === '') throw badRequest('The header X-Subject-Token is missing.');
  const own = call.session!.claims;
  unwrap(await identityOf(call.env).check(own));
  const claims = await verifyToken(text, loadConfig(call.env).secret);
  const allowed = claims !== null && (claims.userId === own.userId || own.roles.includes('admin'));
  if (!allowed) throw notFound('Could not find token.');
  const outcome = await identityOf(call.env).check(claims);
  if (!outcome.ok) throw notFound('Could not find token.');
  return { text, claims };
}

/** Registers /v3/auth/tokens. */
export function tokenRoutes(routes: Routes): void {
  routes
    .post('/auth/tokens', {
      summary: 'Log in: the token is in the header X-Subject-Token',
      access: 'none',
      query: z.object({ nocatalog: z.string().optional() }),
      body: LoginBody,
      answers: { 201: TokenAnswer },
      handle: login,
    })
    .get('/auth/tokens', {
      summary: 'Check and show the token of X-Subject-Token (HEAD: without body)',
      query: z.object({ nocatalog: z.string().optional() }),
      answers: { 200: TokenAnswer },
      handle: async (call) => {
        const { text, claims } = await subject(call);
        return json(200, tokenView(call, claims, call.query.nocatalog === undefined), { 'X-Subject-Token': text });
      },
    })
    .delete('/auth/tokens', {
      summary: 'Revoke the token of X-Subject-Token',
      answers: { 204: null },
      handle: async (call) => {
        const { claims } = await subject(call);
        unwrap(await identityOf(call.env).revoke(claims));
        return empty(204);
      },
    });
}
