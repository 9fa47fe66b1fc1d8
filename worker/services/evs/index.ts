// The volume service in the vendor's native form, under /evs/v1 (jobs), /evs/v2, /evs/v2.1 and /evs/v3.

import { type App, Routes } from '../../http/operation.ts';
import { jobRoutes } from './jobs.ts';
import { nativeSnapshotRoutes } from './snapshots.ts';
import { tagRoutes } from './tags.ts';
import { nativeVolumeRoutes, nativeVolumeRoutes21 } from './volumes.ts';

/** Registers the service. */
export function registerEvs(app: App): void {
  const group = (version: string, envelope: 'evs' | 'openstack') =>
    new Routes(app, `/evs/${version}/{project_id}`, { tag: `evs ${version}`, envelope, access: 'project' });
  jobRoutes(group('v1', 'evs'), 'evs');
  for (const version of ['v2', 'v3']) {
    // Tags first: /cloudvolumes/{id}/tags and /cloudvolumes/{id} do not meet, but keep the longer paths ahead.
    tagRoutes(group(version, 'evs'));
    nativeVolumeRoutes(group(version, 'evs'));
    nativeSnapshotRoutes(group(version, 'openstack'));
  }
  nativeVolumeRoutes21(group('v2.1', 'evs'));
}
