// The volume service in OpenStack's form (Cinder), under /evs/v2 and /evs/v3.

import { type App, Routes } from '../../http/operation.ts';
import { volumeActionRoutes } from './actions.ts';
import { attachmentRoutes } from './attachments.ts';
import { messageRoutes } from './messages.ts';
import { metadataRoutes } from './metadata.ts';
import { operatorRoutes } from './operators.ts';
import { placeRoutes } from './places.ts';
import { qosRoutes } from './qos.ts';
import { quotaRoutes } from './quotas.ts';
import { snapshotActionRoutes } from './snapshot-actions.ts';
import { snapshotRoutes } from './snapshots.ts';
import { transferRoutes } from './transfers.ts';
import { typeDetailRoutes } from './type-details.ts';
import { typeRoutes } from './types.ts';
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
    snapshotActionRoutes(routes);
    transferRoutes(routes);
    typeRoutes(routes);
    typeDetailRoutes(routes);
    messageRoutes(routes);
    attachmentRoutes(routes);
    qosRoutes(routes);
    operatorRoutes(routes);
    placeRoutes(routes);
    quotaRoutes(routes);
  }
}
