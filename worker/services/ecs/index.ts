// The compute service, under /ecs/v1 (vendor) and /ecs/v2.1 (Nova): just enough to attach disks and reinstall an OS.

import { z } from '@hono/zod-openapi';
import { type App, type Call, json, Routes } from '../../http/operation.ts';
import { jobRoutes } from '../evs/jobs.ts';
import { computeRoutes } from './compute.ts';
import { computeLimitRoutes } from './limits.ts';
import { nativeServerRoutes } from './native.ts';

const version = (call: Call<unknown, unknown>) => ({
  id: 'v2.1',
  status: 'CURRENT',
  version: '2.1',
  min_version: '2.1',
  updated: '2013-07-23T11:33:21Z',
  links: [{ rel: 'self', href: `${call.endpoints.of('ecs')}/v2.1/` }],
});

/** Registers the service. */
export function registerEcs(app: App): void {
  const versions = new Routes(app, '/ecs', { tag: 'versions', envelope: 'openstack', access: 'none' });
  for (const path of ['', '/']) {
    versions.get(path, {
      summary: 'Versions of the compute service',
      answers: { 200: z.object({ versions: z.array(z.unknown()) }) },
      handle: (call) => json(200, { versions: [version(call)] }),
    });
  }
  for (const path of ['/v2.1', '/v2.1/']) {
    versions.get(path, {
      summary: 'Version 2.1 of the compute service',
      answers: { 200: z.object({ version: z.unknown() }) },
      handle: (call) => json(200, { version: version(call) }),
    });
  }
  const native = new Routes(app, '/ecs/v1/{project_id}', { tag: 'ecs v1', envelope: 'ecs', access: 'project' });
  nativeServerRoutes(native);
  jobRoutes(native, 'evs');
  const compute = new Routes(app, '/ecs/v2.1/{project_id}', {
    tag: 'ecs v2.1',
    envelope: 'openstack',
    access: 'project',
  });
  computeRoutes(compute);
  computeLimitRoutes(compute);
}
