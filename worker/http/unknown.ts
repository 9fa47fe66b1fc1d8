// Paths that no operation claimed: 404, or 501 when the real service has them.

import { type ApiError, notFound, notImplemented } from './errors.ts';

/** Below `/{service}/{version}/{project}`: `METHOD path` of what the real services have and nothing here answers. */
const ELSEWHERE: Readonly<Record<string, readonly RegExp[]>> = {
  evs: [
    /^\w+ (cloudvolumes|os-vendor-volumes)\/(tags|resource_instances|unsubscribe|\w[\w-]*\/(?!tags)[\w-]+)/,
    /^\w+ (recycle-bin-volumes|groups|group_snapshots|group_types|consistencygroups|cgsnapshots)(\/|$)/,
    /^\w+ (clusters|workers|os-volume-manage|os-snapshot-manage|manageable_volumes|manageable_snapshots)(\/|$)/,
    /^\w+ (default-types|orders|os-vendor-tags)(\/|$)/,
    /^PUT (os-services|os-hosts)(\/|$)/,
    /^GET volumes\/[^/]+\/encryption\/./,
    /^\w+ (snapshots\/[^/]+\/rollback|volumes\/batch-extend)$/,
  ],
  vbs: [/^\w+ (cloudbackups|backuppolicy|backuppolicyresources|os-vendor-backup-sharing)(\/|$)/],
  cbr: [
    /^\w+ vaults\/(external|order|change-charge-mode)$/,
    /^\w+ checkpoints\/(replicate|sync)$/,
    /^\w+ backups\/(sync|[^/]+\/(replicate|metadata))$/,
    /^\w+ (protectables|organization-policies|agents|cbr-features)(\/|$)/,
    /^\w+ (storage_usage|migrates|region-projects|domain|orders)(\/|$)/,
  ],
  ecs: [
    /^\w+ (flavors|os-keypairs|limits|os-availability-zone|os-server-groups|os-hypervisors|os-services)(\/|$)/,
    /^(GET|POST|PUT) cloudservers(\/|$)/,
    /^(POST|PUT|DELETE) servers(\/|$)/,
  ],
};

/** The same for services without a project in their paths, below `/{service}/{version}`. */
const ELSEWHERE_UNSCOPED: Readonly<Record<string, readonly RegExp[]>> = {
  iam: [
    /^\w+ (users|groups|roles|role_assignments|services|endpoints|policies|credentials|limits)(\/|$)/,
    /^\w+ (OS-[A-Z]+|auth\/OS-[A-Z]+)\//,
    /^(POST|PATCH|PUT|DELETE) (projects|domains|regions)(\/|$)/,
    /^\w+ (projects|domains)\/[^/]+\/.+/,
  ],
  ims: [/^\w+ (images|schemas|cloudimages|tasks|info)(\/|$)/],
};

/**
 * Words of the real services that stand where an id stands in paths that are here: routed before those, so that nobody
 * is told that there is no vault named `summary`.
 */
export const WORDS_NOT_IDS: readonly string[] = [
  '/evs/:version/:project_id/cloudvolumes/resource_instances/action',
  '/evs/:version/:project_id/cloudvolumes/unsubscribe',
  '/evs/:version/:project_id/os-vendor-tags/:type/resource_instances',
  ...['external', 'order', 'change-charge-mode'].map((word) => `/cbr/:version/:project_id/vaults/${word}`),
  '/cbr/:version/:project_id/backups/sync',
];

/** The error for a request that no operation took. */
export function unknownPath(method: string, path: string): ApiError {
  const [service = '', version = '', ...rest] = path.split('/').slice(1);
  const unscoped = ELSEWHERE_UNSCOPED[service];
  const tail = (unscoped === undefined ? rest.slice(1) : rest).join('/');
  const patterns = unscoped ?? ELSEWHERE[service] ?? [];
  if (patterns.some((pattern) => pattern.test(`${method} ${tail}`))) {
    return notImplemented(`${method} /${service}/${version}/…/${tail.split('/')[0]}`);
  }
  return notFound('The resource could not be found.');
}
