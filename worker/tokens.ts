// Tokens: signed claims (HS256) that are verified with no storage. Whether one was revoked is known in its project,
// which a control call visits anyway. The same key signs grants for streams of bytes, under another audience.

import { sign, verify } from 'hono/jwt';
import type { Caller, DataGrant } from './project/contract.ts';

/** How long a token is good. */
export const TOKEN_LIFE_MS = 24 * 3600 * 1000;

const TOKEN_AUDIENCE = 'edge-evs/token';
const GRANT_AUDIENCE = 'edge-evs/grant';

export interface Claims {
  /** `jti`. */
  readonly id: string;
  /** The token that this one was exchanged for; null when a password made it. Its `expiresMs` is never exceeded. */
  readonly parentId: string | null;
  readonly userId: string;
  readonly userName: string;
  readonly domainId: string;
  readonly domainName: string;
  /** Null: scoped to the domain, or to nothing. */
  readonly projectId: string | null;
  readonly projectName: string | null;
  readonly domainScoped: boolean;
  readonly roles: readonly string[];
  readonly methods: readonly string[];
  readonly issuedMs: number;
  readonly expiresMs: number;
}

/** The claims as a token. */
export function signToken(claims: Claims, secret: string): Promise<string> {
  return seal({ ...claims }, TOKEN_AUDIENCE, claims.expiresMs, secret);
}

/** Tokens whose signature was found good, with the key that it was made with; the oldest goes first. */
const verified = new Map<string, { secret: string; claims: Claims }>();
const VERIFIED_MAX = 256;

/** The claims of a token; null when it is forged, malformed or past its time. */
export async function verifyToken(token: string, secret: string, nowMs = Date.now()): Promise<Claims | null> {
  const known = verified.get(token);
  const claims =
    known?.secret === secret ? known.claims : ((await open(token, TOKEN_AUDIENCE, secret)) as Claims | null);
  if (claims === null || claims.expiresMs <= nowMs) return null;
  // A signature stays good, and checking it costs a tenth of a small read (docs/design/0005-data-path.md).
  if (verified.size >= VERIFIED_MAX && !verified.has(token)) verified.delete(verified.keys().next().value!);
  verified.set(token, { secret, claims });
  return claims;
}

/** A project-scoped token's bearer; null when the token has no project. */
export function callerOf(claims: Claims): Caller | null {
  if (claims.projectId === null || claims.projectName === null) return null;
  const { projectId, projectName, domainId, userId, userName, roles } = claims;
  return { projectId, projectName, domainId, userId, userName, roles, tokenId: claims.id };
}

/** A data grant that may travel through a client. */
export function signGrant(grant: DataGrant, secret: string): Promise<string> {
  return seal({ ...grant }, GRANT_AUDIENCE, grant.expiresMs, secret);
}

/** The grant; null when it is forged, malformed or past its time. */
export async function verifyGrant(text: string, secret: string, nowMs = Date.now()): Promise<DataGrant | null> {
  const grant = (await open(text, GRANT_AUDIENCE, secret)) as DataGrant | null;
  return grant !== null && grant.expiresMs > nowMs ? grant : null;
}

function seal(payload: object, audience: string, expiresMs: number, secret: string): Promise<string> {
  return sign({ data: payload, aud: audience, exp: Math.ceil(expiresMs / 1000) }, secret, 'HS256');
}

async function open(text: string, audience: string, secret: string): Promise<unknown> {
  try {
    const { aud, data } = await verify(text, secret, 'HS256');
    return aud === audience && typeof data === 'object' ? data : null;
  } catch {
    // Every reason is the same to a bearer: log in again.
    return null;
  }
}
