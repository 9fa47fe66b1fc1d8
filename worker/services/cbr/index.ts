// Cloud Backup and Recovery, under /cbr/v3. Its backups share paths with Cinder's, never the root.

import { z } from '@hono/zod-openapi';
import { loadConfig } from '../../config.ts';
import { type App, type Call, json, Routes } from '../../http/operation.ts';
import { cbrBackupRoutes } from './backups.ts';
import { memberRoutes } from './members.ts';
import { policyRoutes } from './policies.ts';
import { runRoutes } from './runs.ts';
import { vaultResourceRoutes } from './vault-resources.ts';
import { vaultTagRoutes } from './vault-tags.ts';
import { vaultRoutes } from './vaults.ts';

/** Registers the service. */
export function registerCbr(app: App): void {
  const versions = new Routes(app, '/cbr', { tag: 'versions', envelope: 'cbr', access: 'none' });
  const show = (call: Call<unknown, unknown>) => {
    const links = [{ rel: 'self', href: `${call.endpoints.of('cbr')}/v3/` }];
    return json(300, { versions: [{ id: 'v3', status: 'CURRENT', links }] });
  };
  for (const path of ['', '/', '/v3', '/v3/']) {
    versions.get(path, {
      summary: 'Versions of the backup service',
      answers: { 300: z.object({ versions: z.array(z.unknown()) }) },
      handle: show,
    });
  }
  const routes = new Routes(app, '/cbr/v3/{project_id}', { tag: 'cbr', envelope: 'cbr', access: 'project' });
  vaultRoutes(routes);
  vaultResourceRoutes(routes);
  vaultTagRoutes(routes);
  policyRoutes(routes);
  cbrBackupRoutes(routes);
  memberRoutes(routes);
  runRoutes(routes);
  routes.get('/replication-capabilities', {
    summary: 'Where backups can be replicated to: nowhere, there is one region',
    answers: {
      200: z.object({
        regions: z.array(z.object({ name: z.string(), replication_destinations: z.array(z.string()) })),
      }),
    },
    handle: async (call) => {
      await call.ask((project, caller) => project.checkToken(caller));
      return json(200, { regions: [{ name: loadConfig(call.env).region, replication_destinations: [] }] });
    },
  });
}
