// The volume service in OpenStack's form (Cinder), under /evs/v2 and /evs/v3.

import { type App, Routes } from '../../http/operation.ts';
import { volumeActionRoutes } from './actions.ts';
import { metadataRoutes } from './metadata.ts';
import { placeRoutes } from './places.ts';
import { quotaRoutes } from './quotas.ts';
import { snapshotRoutes } from './snapshots.ts';
import { versionRoutes } from './versions.ts';
import { volumeRoutes } from './volumes.ts';

/** Registers the service. */
export function registerCinder(app: App): void {
  versionRoutes(app);
  for (const version of ['v3', 'v2'] as const) {
    const routes = new Routes(app, `/evs/${version}/{project_id}`, {
      tag: `cinder ${version}`,
      envelope: 'openstack',
      access: 'project',
      microversions: version === 'v3',
    });
    volumeRoutes(routes);
    volumeActionRoutes(routes);
    metadataRoutes(routes);
    snapshotRoutes(routes);
    placeRoutes(routes);
    quotaRoutes(routes);
  }
}
