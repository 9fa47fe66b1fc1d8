// Version documents of the volume service.

import { z } from '@hono/zod-openapi';
import { loadConfig } from '../../config.ts';
import { type App, type Call, json, Routes } from '../../http/operation.ts';

const MEDIA_TYPES = [{ base: 'application/json', type: 'application/vnd.openstack.volume+json;version=3' }];

function version(call: Call<unknown, unknown>, id: 'v1.0' | 'v2.0' | 'v3.0') {
  const path = id.slice(0, 2);
  const v3 = id === 'v3.0';
  return {
    id,
    status: v3 ? 'CURRENT' : 'SUPPORTED',
    version: v3 ? `3.${loadConfig(call.env).microversionMax}` : '',
    min_version: v3 ? '3.0' : '',
    updated: '2024-01-01T00:00:00Z',
    links: [
      { rel: 'self', href: `${call.endpoints.of('evs')}/${path}/` },
      { rel: 'describedby', type: 'text/html', href: new URL('/docs', call.c.req.url).toString() },
    ],
    'media-types': MEDIA_TYPES,
  };
}

const Versions = z
  .object({ versions: z.array(z.looseObject({ id: z.string(), status: z.string() })) })
  .openapi('Versions');

/** Registers the version documents: all of them at the root (300), one under each version (200). */
export function versionRoutes(app: App): void {
  const routes = new Routes(app, '/evs', { tag: 'versions', envelope: 'openstack', access: 'none' });
  const all = (call: Call<unknown, unknown>) =>
    json(300, { versions: [version(call, 'v1.0'), version(call, 'v2.0'), version(call, 'v3.0')] });
  for (const path of ['', '/']) {
    routes.get(path, { summary: 'Versions of the volume service', answers: { 300: Versions }, handle: all });
  }
  for (const id of ['v1.0', 'v2.0', 'v3.0'] as const) {
    const root = `/${id.slice(0, 2)}`;
    for (const path of [root, `${root}/`]) {
      routes.get(path, {
        summary: `Version ${id.slice(0, 2)} of the volume service`,
        answers: { 200: Versions },
        handle: (call) => json(200, { versions: [version(call, id)] }),
      });
    }
  }
}
