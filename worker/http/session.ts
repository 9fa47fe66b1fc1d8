// Who calls. A token is verified here without storage; whether it was revoked is checked by the Project or Identity
// object that the call asks anyway.

import type { Context } from 'hono';
import { loadConfig } from '../config.ts';
import type { Env } from '../env.ts';
import type { IdentityRpc } from '../identity/contract.ts';
import type { Caller, ProjectRpc } from '../project/contract.ts';
import { type Claims, callerOf, verifyToken } from '../tokens.ts';
import { Endpoints } from './endpoints.ts';
import { ApiError, notFound, unwrap } from './errors.ts';
import type { AppEnv } from './operation.ts';

export interface Session {
  readonly claims: Claims;
  /** Null when the token is not scoped to a project. */
  readonly caller: Caller | null;
}

/** Longest token that is looked at; ours are far below. */
const TOKEN_CHARS_MAX = 8192;

/** 401, with the address to log in at. */
export function unauthorized(url: string): ApiError {
  const uri = `${new Endpoints(new URL(url)).of('iam')}/v3`;
  return new ApiError(401, 'The request you have made requires authentication.', {
    headers: { 'WWW-Authenticate': `Keystone uri="${uri}"` },
  });
}

/**
 * The session of a request's X-Auth-Token. With a project id (of the path), the token must be of that project; another
 * one's resources do not exist for it.
 */
export async function authenticate(c: Context<AppEnv>, projectId: string | null): Promise<Session> {
  const token = c.req.header('X-Auth-Token');
  const claims = token && token.length <= TOKEN_CHARS_MAX ? await verifyToken(token, loadConfig(c.env).secret) : null;
  if (claims === null) throw unauthorized(c.req.url);
  if (projectId !== null && claims.projectId !== projectId) throw notFound('The resource could not be found.');
  return { claims, caller: callerOf(claims) };
}

/** The caller in its project, and the project's object when the environment is given. */
export function projectOf(session: Session | null, env: Env): { caller: Caller; stub: ProjectRpc };
export function projectOf(session: Session | null): { caller: Caller };
export function projectOf(session: Session | null, env?: Env): { caller: Caller; stub?: ProjectRpc } {
  if (session === null) throw new Error('a public operation asked for its caller');
  const { caller } = session;
  if (caller === null) throw new ApiError(403, 'The token is not scoped to a project: log in with a project scope.');
  if (env === undefined) return { caller };
  // A new stub for each question: one that has seen an exception stays broken.
  const stub = env.PROJECT.get(env.PROJECT.idFromName(caller.projectId));
  return { caller, stub: stub as unknown as ProjectRpc };
}

/** Refuses a token that was revoked: for calls that ask no project, which would do so itself. */
export async function mustBeLive(env: Env, session: Session | null): Promise<void> {
  if (session === null) throw new Error('a public operation asked for its caller');
  unwrap(await identityOf(env).check(session.claims));
}

/** The identity service of the deployment's domain. */
export function identityOf(env: Env): IdentityRpc {
  const { domain } = loadConfig(env).accounts;
  return env.IDENTITY.get(env.IDENTITY.idFromName(domain.id)) as unknown as IdentityRpc;
}
