// Creating disks in the vendor's native form: the body, its error codes, and what is asked of the project.

import { z } from '@hono/zod-openapi';
import { badRequest } from '../../http/errors.ts';
import {
  clearableText,
  ignored,
  optionalFlag,
  optionalStringMap,
  optionalText,
  truncatedNumber,
} from '../../http/fields.ts';
import type { Call } from '../../http/operation.ts';
import type { CreatedVolumes } from '../../project/contract.ts';

export const CreateBody = z.object({
  volume: z.object({
    availability_zone: optionalText,
    volume_type: optionalText,
    size: truncatedNumber.nullish(),
    name: optionalText,
    description: clearableText,
    count: truncatedNumber.nullish(),
    backup_id: optionalText,
    snapshot_id: optionalText,
    imageRef: optionalText,
    multiattach: optionalFlag,
    shareable: optionalFlag,
    metadata: optionalStringMap,
    tags: optionalStringMap,
    enterprise_project_id: ignored,
    iops: ignored,
    throughput: ignored,
  }),
  bssParam: ignored,
  server_id: optionalText,
});

/** Vendor codes of fields with the wrong type. */
export const CREATE_CODES = {
  volume: 'EVS.1001',
  'volume.availability_zone': 'EVS.1036',
  'volume.volume_type': 'EVS.1020',
  'volume.size': 'EVS.1010',
  'volume.name': 'EVS.1003',
  'volume.description': 'EVS.1004',
  'volume.count': 'EVS.1021',
  'volume.backup_id': 'EVS.1006',
  'volume.snapshot_id': 'EVS.2045',
  'volume.imageRef': 'EVS.2046',
  'volume.multiattach': 'EVS.1054',
  'volume.metadata': 'EVS.1005',
  'volume.tags': 'EVS.1062',
  '*': 'EVS.1008',
};

/** Creates the disks of a request; zone and type are mandatory here, unlike in the Cinder form. */
export async function createVolumes(call: Call<unknown, z.output<typeof CreateBody>>): Promise<CreatedVolumes> {
  const { volume } = call.body;
  if (!volume.availability_zone) throw badRequest('availability_zone is missing.', 'EVS.1036');
  if (!volume.volume_type) throw badRequest('volume_type is missing.', 'EVS.1020');
  if ([volume.backup_id, volume.snapshot_id, volume.imageRef].filter(Boolean).length > 1) {
    throw badRequest('Give at most one of backup_id, snapshot_id and imageRef.', 'EVS.1016');
  }
  if (volume.imageRef) throw badRequest(`There is no image ${volume.imageRef}.`, 'EVS.2046');
  if (call.body.server_id) throw badRequest('server_id is not supported: attach the disk afterwards.', 'EVS.5400');
  return await call.ask((project, caller) =>
    project.createVolumes(caller, {
      face: 'native',
      zone: volume.availability_zone,
      type: volume.volume_type,
      sizeGib: volume.size ?? undefined,
      name: volume.name,
      description: volume.description,
      count: volume.count ?? undefined,
      backupId: volume.backup_id,
      snapshotId: volume.snapshot_id,
      multiattach: volume.multiattach ?? volume.shareable,
      metadata: volume.metadata,
      tags: volume.tags,
    }),
  );
}
