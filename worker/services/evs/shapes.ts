// The objects of the vendor's native form.

import { z } from '@hono/zod-openapi';
import { links } from '../cinder/shapes.ts';

const map = z.record(z.string(), z.string());

export const NativeVolume = z
  .looseObject({
    id: z.string(),
    name: z.string(),
    status: z.string(),
    size: z.number().int(),
    availability_zone: z.string(),
    volume_type: z.string(),
    bootable: z.string(),
    encrypted: z.boolean(),
    multiattach: z.boolean(),
    metadata: map,
    tags: map,
    service_type: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
    links,
  })
  .openapi('NativeVolume');

export const NativeSnapshot = z
  .looseObject({
    id: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    status: z.string(),
    volume_id: z.string(),
    size: z.number().int(),
    metadata: map,
    created_at: z.string(),
    updated_at: z.string(),
    service_type: z.string(),
  })
  .openapi('NativeSnapshot');

export const JobAnswer = z.object({ job_id: z.string() }).openapi('JobAnswer');

/** Query parameters of the detailed lists. */
export const NativeList = z.object({
  limit: z.string().optional(),
  offset: z.string().optional(),
  marker: z.string().optional(),
  sort_key: z.string().optional(),
  sort_dir: z.string().optional(),
  id: z.string().optional(),
  ids: z.string().optional(),
  name: z.string().optional(),
  status: z.string().optional(),
  availability_zone: z.string().optional(),
  metadata: z.string().optional(),
  multiattach: z.string().optional(),
  server_id: z.string().optional(),
  volume_type_id: z.string().optional(),
  service_type: z.string().optional(),
  volume_id: z.string().optional(),
});
