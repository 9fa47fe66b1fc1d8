// The service catalog: the addresses that clients follow after login. Built from the request's own origin, so the same
// deployment works on 127.0.0.1 and behind any domain.

import { z } from '@hono/zod-openapi';
import type { Endpoints } from '../../http/endpoints.ts';

export const Catalog = z
  .array(
    z.object({
      id: z.string(),
      type: z.string(),
      name: z.string(),
      endpoints: z.array(
        z.object({
          id: z.string(),
          interface: z.string(),
          region: z.string(),
          region_id: z.string(),
          url: z.string(),
        }),
      ),
    }),
  )
  .openapi('Catalog');

export interface Service {
  readonly type: string;
  /** Also its id. */
  readonly name: string;
  /** Null where only a project's token has an address. */
  readonly url: (at: Endpoints, projectId: string | null) => string | null;
  readonly description: string;
}

/** All that clients look up. */
export const SERVICES: readonly Service[] = [
  { type: 'identity', name: 'iam', url: (at) => `${at.of('iam')}/v3`, description: 'Tokens, projects, users, roles' },
  {
    type: 'volumev3',
    name: 'evsv3',
    url: (at, project) => project && `${at.of('evs')}/v3/${project}`,
    description: 'Elastic Volume Service: volumes, snapshots, backups',
  },
  {
    type: 'volumev2',
    name: 'evsv2',
    url: (at, project) => project && `${at.of('evs')}/v2/${project}`,
    description: 'Elastic Volume Service, version 2',
  },
  // The name of today; clients that know it prefer it to the older ones.
  {
    type: 'block-storage',
    name: 'evs',
    url: (at, project) => project && `${at.of('evs')}/v3/${project}`,
    description: 'Elastic Volume Service under its newer type',
  },
  {
    type: 'vbs',
    name: 'vbs',
    url: (at, project) => project && `${at.of('vbs')}/v2/${project}`,
    description: 'Volume Backup Service',
  },
  {
    type: 'vbsv2',
    name: 'vbsv2',
    url: (at, project) => project && `${at.of('vbs')}/v2/${project}`,
    description: 'Volume Backup Service',
  },
  {
    type: 'cbr',
    name: 'cbr',
    url: (at, project) => project && `${at.of('cbr')}/v3/${project}`,
    description: 'Cloud Backup and Recovery: vaults, policies, backups',
  },
  {
    type: 'compute',
    name: 'ecs',
    url: (at, project) => project && `${at.of('ecs')}/v2.1/${project}`,
    description: 'The server calls that concern disks',
  },
  // `openstack volume create` gives up before its first request when there is no image service.
  { type: 'image', name: 'ims', url: (at) => `${at.of('ims')}/v2`, description: 'A version document and no images' },
];

/** The id of a service's one endpoint. */
export const endpointId = (service: Service): string => `${service.name}-public`;

/** The catalog as a token of this project sees it; without a project only what needs none. */
export function catalogOf(endpoints: Endpoints, region: string, projectId: string | null): z.input<typeof Catalog> {
  return SERVICES.flatMap((service) => {
    const { type, name, url } = service;
    const address = url(endpoints, projectId);
    if (address === null) return [];
    // Identity is region-independent, but clients that ask for their region must find it as well.
    const place = { interface: 'public', region, region_id: region };
    return [{ id: name, type, name, endpoints: [{ id: endpointId(service), ...place, url: address }] }];
  });
}
