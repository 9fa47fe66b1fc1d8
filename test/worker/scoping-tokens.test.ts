// Every operation that needs a token, without a good one: 401 in the form of its service, whatever else the request says.

import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Env } from '../../worker/env.ts';
import { signToken } from '../../worker/tokens.ts';
import { Api } from './api.ts';
import { claimsOf } from './http-fakes.ts';
import { named, OPERATIONS } from './openapi/document.ts';
import { call, expectRefusal, prepare, unchanged } from './openapi/prepared.ts';
import { type Tenant, tokenFor } from './openapi/tenant.ts';

const SECURED = OPERATIONS.filter((operation) => operation.needsToken);

/** Tokens that are none, for one project. */
async function badTokens(projectId: string, roles: readonly string[]): Promise<Record<string, string>> {
  const good = await tokenFor(projectId, { roles });
  const [head, payload, signature] = good.split('.') as [string, string, string];
  const claims = claimsOf(projectId, { roles });
  const unsigned = btoa(JSON.stringify({ alg: 'none', typ: 'JWT' })).replaceAll('=', '');
  return {
    none: '',
    nonsense: 'nonsense',
    'another secret': await signToken(claims, 'not-the-secret-of-this-deployment'),
    expired: await tokenFor(projectId, { roles, expiresMs: Date.now() - 1000 }),
    'without its signature': `${head}.${payload}.`,
    'with a changed signature': `${head}.${payload}.${signature.split('').reverse().join('')}`,
    'without an algorithm': `${unsigned}.${payload}.`,
    'a long one': 'x'.repeat(9000),
    revoked: await revoked(projectId, roles),
  };
}

/** A token that was good until its bearer took it back. */
async function revoked(projectId: string, roles: readonly string[]): Promise<string> {
  const token = await tokenFor(projectId, { roles });
  const headers = { 'X-Subject-Token': token };
  const response = await Api.withToken(projectId, token).send('DELETE', '/iam/v3/auth/tokens', undefined, headers);
  expect(response.status).toBe(204);
  return token;
}

let tokens: Readonly<Record<string, Readonly<Record<string, string>>>> = {};

/** The tokens of this tenant's kind, made once. */
async function tokensOf(tenant: Tenant): Promise<Readonly<Record<string, string>>> {
  const kind = tenant.roles.join();
  tokens = { ...tokens, [kind]: tokens[kind] ?? (await badTokens(tenant.api.projectId, tenant.roles)) };
  return tokens[kind]!;
}

beforeAll(() => {
  expect((env as unknown as Env).EVS_SECRET).not.toBe('not-the-secret-of-this-deployment');
});

describe('without a good token', () => {
  it.each(named(SECURED))('%s', async (_title, operation) => {
    const prepared = await prepare(operation, 'shared');
    const tokens = Object.entries(await tokensOf(prepared.tenant));
    await unchanged(prepared, async () => {
      for (const [what, token] of tokens) {
        const headers = { ...prepared.request.headers, 'X-Auth-Token': token };
        const response = await call(prepared, { headers });
        const text = await expectRefusal(response, operation, what);
        expect(response.status, `${what}: ${text}`).toBe(401);
      }
    });
  });
});
