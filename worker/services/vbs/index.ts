// The volume backup service, under /vbs. Its Cinder-form backups and its jobs are those of the volume service; the
// vendor's own form has cloudbackups, sharing and policies.

import { z } from '@hono/zod-openapi';
import { type App, type Call, json, Routes } from '../../http/operation.ts';
import { backupRoutes } from '../backups/index.ts';
import { jobRoutes } from '../evs/jobs.ts';
import { cloudbackupRoutes } from './cloudbackups.ts';
import { vbsPolicyRoutes } from './policies.ts';
import { policyTagRoutes } from './policy-tags.ts';
import { sharingRoutes } from './sharing.ts';

/** Registers the service. */
export function registerVbs(app: App): void {
  const versions = new Routes(app, '/vbs', { tag: 'versions', envelope: 'vbs', access: 'none' });
  const one = (call: Call<unknown, unknown>, id: 'v2' | 'v3') => ({
    id: `${id}.0`,
    status: id === 'v2' ? 'CURRENT' : 'SUPPORTED',
    links: [{ rel: 'self', href: `${call.endpoints.of('vbs')}/${id}/` }],
  });
  const Versions = z.object({ versions: z.array(z.unknown()) });
  for (const path of ['', '/']) {
    versions.get(path, {
      summary: 'Versions of the volume backup service',
      answers: { 300: Versions },
      handle: (call) => json(300, { versions: [one(call, 'v2'), one(call, 'v3')] }),
    });
  }
  for (const id of ['v2', 'v3'] as const) {
    for (const path of [`/${id}`, `/${id}/`]) {
      versions.get(path, {
        summary: `Version ${id} of the volume backup service`,
        answers: { 200: Versions },
        handle: (call) => json(200, { versions: [one(call, id)] }),
      });
    }
    const group = { tag: `vbs ${id}`, envelope: 'openstack', access: 'project', microversions: id === 'v3' } as const;
    backupRoutes(new Routes(app, `/vbs/${id}/{project_id}`, group), 'vbs');
  }
  const native = new Routes(app, '/vbs/v2/{project_id}', { tag: 'vbs v2', envelope: 'vbs', access: 'project' });
  policyTagRoutes(native);
  vbsPolicyRoutes(native);
  cloudbackupRoutes(native);
  sharingRoutes(native);
  jobRoutes(new Routes(app, '/vbs/v1/{project_id}', { tag: 'vbs v1', envelope: 'vbs', access: 'project' }), 'vbs');
}
