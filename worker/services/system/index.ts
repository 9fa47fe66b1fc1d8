// Pages and documents about the deployment itself.

import { z } from '@hono/zod-openapi';
import { name, version } from '../../../package.json';
import { loadConfig, placeSettings } from '../../config.ts';
import { ApiError } from '../../http/errors.ts';
import { type App, type Call, json, Routes } from '../../http/operation.ts';
import { unauthorized } from '../../http/session.ts';
import { verifyToken } from '../../tokens.ts';
import { landingPage } from './landing.ts';
import { collectMetrics } from './metrics.ts';
import { docsPage, type OpenApiDocument, openApiDocument } from './openapi.ts';

/** Pages load nothing and run nothing. */
const HTML = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'",
};

/** A simulation shows its numbers to anyone; elsewhere they are a tenant's business, and cost requests. */
async function mayReadMetrics(call: Call<unknown, unknown>): Promise<void> {
  if (placeSettings(call.env).simulation) return;
  const bearer = /^Bearer (.+)$/.exec(call.c.req.header('Authorization') ?? '')?.[1];
  const claims = await verifyToken(bearer ?? call.c.req.header('X-Auth-Token') ?? '', loadConfig(call.env).secret);
  if (claims === null) throw unauthorized(call.c.req.url);
  if (!claims.roles.includes('admin')) throw new ApiError(403, 'Metrics need the role admin.');
}

/** Registers the pages. Last, when all operations are known. */
export function registerSystem(app: App): void {
  // Generating takes a while and never changes; only the origin differs.
  let known: OpenApiDocument | null = null;
  const document = (call: Call<unknown, unknown>): OpenApiDocument => {
    const { origin } = new URL(call.c.req.url);
    known ??= openApiDocument(app, origin, version);
    return { ...known, servers: [{ url: origin }] } as OpenApiDocument;
  };
  new Routes(app, '', { tag: 'system', envelope: 'plain', access: 'none' })
    .get('/', {
      summary: 'Landing page',
      answers: { 200: null },
      handle: (call) => {
        const { simulation } = placeSettings(call.env);
        return new Response(landingPage(new URL(call.c.req.url), version, simulation), { headers: HTML });
      },
    })
    .get('/docs', {
      summary: 'List of all operations',
      answers: { 200: null },
      handle: (call) => new Response(docsPage(document(call)), { headers: HTML }),
    })
    .get('/openapi.json', {
      summary: 'OpenAPI document',
      answers: { 200: z.record(z.string(), z.unknown()) },
      handle: (call) => json(200, document(call)),
    })
    .get('/healthz', {
      summary: 'Ready to serve',
      answers: { 200: z.object({ status: z.string(), version: z.string(), name: z.string() }) },
      handle: (call) => {
        // A deployment without its settings says so here first.
        loadConfig(call.env);
        return json(200, { status: 'ok', version, name });
      },
    })
    .get('/metrics', {
      summary: 'Metrics for Prometheus; outside simulations for admins',
      answers: { 200: null },
      handle: async (call) => {
        await mayReadMetrics(call);
        const headers = { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' };
        return new Response(await collectMetrics(call.env), { headers });
      },
    });
}
