// The identity service (Keystone v3), under /iam.

import { z } from '@hono/zod-openapi';
import { type App, type Call, json, Routes } from '../../http/operation.ts';
import { projectRoutes } from './projects.ts';
import { roleRoutes } from './roles.ts';
import { serviceRoutes } from './services.ts';
import { tokenRoutes } from './tokens.ts';
import { userRoutes } from './users.ts';

const version = (call: Call<unknown, unknown>) => ({
  id: 'v3.14',
  status: 'stable',
  updated: '2020-04-07T00:00:00Z',
  links: [{ rel: 'self', href: `${call.endpoints.of('iam')}/v3/` }],
  'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
});

/** Registers the service. */
export function registerIam(app: App): void {
  const versions = new Routes(app, '/iam', { tag: 'versions', envelope: 'keystone', access: 'none' });
  for (const path of ['', '/']) {
    versions.get(path, {
      summary: 'Versions of the identity service',
      answers: { 300: z.object({ versions: z.object({ values: z.array(z.unknown()) }) }) },
      handle: (call) => json(300, { versions: { values: [version(call)] } }),
    });
  }
  for (const path of ['/v3', '/v3/']) {
    versions.get(path, {
      summary: 'Version 3 of the identity service',
      answers: { 200: z.object({ version: z.unknown() }) },
      handle: (call) => json(200, { version: version(call) }),
    });
  }
  const routes = new Routes(app, '/iam/v3', { tag: 'iam', envelope: 'keystone', access: 'token' });
  tokenRoutes(routes);
  serviceRoutes(routes);
  projectRoutes(routes);
  userRoutes(routes);
  roleRoutes(routes);
}
