// What is this project's own: bytes, the simulation, and the pages about it all.

import { encodeFrameHead, encodeHeader, FRAME_FIELDS_BYTES } from '../../../../engine/delta.ts';
import { BLOCK_BYTES, HOLE, toHex } from '../../../../engine/types.ts';
import { engineHost } from '../../../../worker/host.ts';
import type { Make, Requests } from '../requests.ts';
import { backup, on, plain, snapshot, volume } from './common.ts';

const BYTES = new Uint8Array(512).fill(7);
const RANGE = { 'Content-Range': 'bytes 0-511/*' };

const BLOCK = new Uint8Array(BLOCK_BYTES).fill(7);

/** The delta stream of an empty disk of 1 GiB to itself. */
function nothingChanged(): Uint8Array {
  const { kernel } = engineHost();
  const empty = { root: HOLE, sizeBytes: 2 ** 30 };
  const commitment = kernel.rootCommitment(empty.root, empty.sizeBytes);
  const sizes = { fromSizeBytes: empty.sizeBytes, toSizeBytes: empty.sizeBytes };
  const header = encodeHeader(kernel, { ...sizes, from: commitment, to: commitment });
  const end = encodeFrameHead({ kind: 'end', frames: 0, digest: HOLE }).subarray(0, FRAME_FIELDS_BYTES);
  return new Uint8Array([...header, ...end, ...kernel.hashParts([header, end])]);
}

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
  'GET /data/*/volumes/{id}/delta': on(volume),
  'GET /data/*/volumes/{id}/commitment': on(volume),
  'GET /data/*/volumes/{id}/blocks/{index}': on(volume, undefined, '0'),
  'GET /data/*/volumes/{id}/blocks/{index}/proof': on(volume, undefined, '0'),
  // Without an upgrade: 426.
  'GET /data/*/volumes/{id}/nbd': on(volume),
  'PUT /data/*/volumes/{id}/delta': async (tenant) => ({ ids: [await tenant.ownVolume()], body: nothingChanged() }),
  'PUT /data/*/volumes/{id}/blocks/{index}': async (tenant) => ({
    ids: [await tenant.volume(), '0'],
    body: BLOCK,
    headers: { 'X-Evs-Block-Digest': toHex(engineHost().kernel.hash(BLOCK)) },
  }),
  'GET /data/*/volumes/{id}': read(volume),
  'PUT /data/*/volumes/{id}': write(volume),
  'GET /data/*/snapshots/{id}/blocks': on(snapshot),
  'GET /data/*/snapshots/{id}/changes': on(snapshot),
  'GET /data/*/snapshots/{id}/delta': on(snapshot),
  'GET /data/*/snapshots/{id}/commitment': on(snapshot),
  'GET /data/*/snapshots/{id}/blocks/{index}': on(snapshot, undefined, '0'),
  'GET /data/*/snapshots/{id}/blocks/{index}/proof': on(snapshot, undefined, '0'),
  // Without an upgrade: 426.
  'GET /data/*/snapshots/{id}/nbd': on(snapshot),
  'GET /data/*/snapshots/{id}': read(snapshot),
  'PUT /data/*/snapshots/{id}': write(snapshot),
  'GET /data/*/backups/{id}/blocks': on(backup),
  'GET /data/*/backups/{id}/changes': on(backup),
  'GET /data/*/backups/{id}/delta': on(backup),
  'GET /data/*/backups/{id}/commitment': on(backup),
  'GET /data/*/backups/{id}/blocks/{index}': on(backup, undefined, '0'),
  'GET /data/*/backups/{id}/blocks/{index}/proof': on(backup, undefined, '0'),
  // Without an upgrade: 426.
  'GET /data/*/backups/{id}/nbd': on(backup),
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
