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

/** Type, name and address of each service; null where only a project's token has one. */
const SERVICES: readonly {
  readonly type: string;
  readonly name: string;
  readonly url: (at: Endpoints, projectId: string | null) => string | null;
}[] = [
  { type: 'identity', name: 'iam', url: (at) => `${at.of('iam')}/v3` },
  { type: 'volumev3', name: 'evsv3', url: (at, project) => project && `${at.of('evs')}/v3/${project}` },
  { type: 'volumev2', name: 'evsv2', url: (at, project) => project && `${at.of('evs')}/v2/${project}` },
  { type: 'vbs', name: 'vbs', url: (at, project) => project && `${at.of('vbs')}/v2/${project}` },
  { type: 'vbsv2', name: 'vbsv2', url: (at, project) => project && `${at.of('vbs')}/v2/${project}` },
  { type: 'cbr', name: 'cbr', url: (at, project) => project && `${at.of('cbr')}/v3/${project}` },
  { type: 'compute', name: 'ecs', url: (at, project) => project && `${at.of('ecs')}/v2.1/${project}` },
  // `openstack volume create` gives up before its first request when there is no image service.
  { type: 'image', name: 'ims', url: (at) => `${at.of('ims')}/v2` },
];

/** The catalog as a token of this project sees it; without a project only what needs none. */
export function catalogOf(endpoints: Endpoints, region: string, projectId: string | null): z.input<typeof Catalog> {
  return SERVICES.flatMap(({ type, name, url }) => {
    const address = url(endpoints, projectId);
    if (address === null) return [];
    // Identity is region-independent, but clients that ask for their region must find it as well.
    const endpoint = { id: `${name}-public`, interface: 'public', region, region_id: region, url: address };
    return [{ id: name, type, name, endpoints: [endpoint] }];
  });
}
