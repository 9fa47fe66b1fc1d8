// What is this project's own: bytes, the simulation, and the pages about it all.

import type { Make, Requests } from '../requests.ts';
import { backup, on, plain, snapshot, volume } from './common.ts';

const BYTES = new Uint8Array(512).fill(7);
const RANGE = { 'Content-Range': 'bytes 0-511/*' };

const write =
  (make: Parameters<typeof on>[0]): Make =>
  async (tenant) => ({ ids: [await make(tenant)], body: BYTES, headers: RANGE });

/** A disk of 1 GiB is read in part. */
const read =
  (make: Parameters<typeof on>[0]): Make =>
  async (tenant) => ({ ids: [await make(tenant)], headers: { Range: 'bytes=0-511' } });

export const OWN_REQUESTS: Requests = {
  'GET /data/*/volumes/{id}/status': on(volume),
  'GET /data/*/volumes/{id}/blocks': on(volume),
  'GET /data/*/volumes/{id}/changes': on(volume),
  'GET /data/*/volumes/{id}': read(volume),
  'PUT /data/*/volumes/{id}': write(volume),
  'GET /data/*/snapshots/{id}/blocks': on(snapshot),
  'GET /data/*/snapshots/{id}/changes': on(snapshot),
  'GET /data/*/snapshots/{id}': read(snapshot),
  'PUT /data/*/snapshots/{id}': write(snapshot),
  'GET /data/*/backups/{id}/blocks': on(backup),
  'GET /data/*/backups/{id}/changes': on(backup),
  'GET /data/*/backups/{id}': read(backup),
  'PUT /data/*/backups/{id}': write(backup),
  'GET /sim/v1/zones': plain,
  'PUT /sim/v1/zones/{zone}': () => ({ ids: ['eu-de-03'], body: { state: 'up' } }),
  'POST /sim/*/volumes/{id}/damage': on(volume, { target: { kind: 'all' }, fault: 'flip', count: 1 }),
  'GET /sim/*/clock': plain,
  'POST /sim/*/clock': () => ({ body: { advance_seconds: 1 } }),
  'GET /': plain,
  'GET /docs': plain,
  'GET /openapi.json': plain,
  'GET /healthz': plain,
  'GET /metrics': plain,
};
