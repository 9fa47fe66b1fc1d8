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
  'POST /data/*/vaults/{id}/rebuild': async (tenant) => ({ ids: [await tenant.vault()], body: {} }),
  'POST /data/*/vaults/recover': async () => ({}),
  'POST /sim/*/vaults/{id}/lose': async (tenant) => ({ ids: [await tenant.vault()] }),
  'POST /sim/*/lose': async () => ({}),
  'POST /data/*/volumes/{id}/scrub': on(volume, {}),
  'POST /data/*/volumes/{id}/heal': on(volume, {}),
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
  'GET /data/*/backups/{id}/cost': on(backup),
  'GET /data/*/vaults/{id}/cost': on((tenant) => tenant.vault()),
  'POST /data/*/policies/cost-preview': async (tenant) => ({
    body: { patterns: ['FREQ=DAILY;BYHOUR=2;BYMINUTE=0'], volumeIds: [await volume(tenant)] },
  }),
  'GET /data/*/operations': plain,
  'GET /data/*/operations/{id}': on(async (tenant) => {
    const path = `/data/v1/{p}/vaults/${await tenant.vaultOf([])}/check`;
    return (await tenant.ask('POST', path, {})).operation.id;
  }),
  'POST /data/*/vaults/{id}/prune': on((tenant) => tenant.vault(), { thresholdPercent: 0 }),
  'POST /data/*/vaults/{id}/check': on((tenant) => tenant.vault(), { mode: 'structure' }),
  'POST /data/*/vaults/{id}/copy': async (tenant) => {
    const volumeId = await tenant.ownVolume();
    const vaultId = await tenant.vaultOf([volumeId]);
    await tenant.backupOf(volumeId);
    return { ids: [vaultId], body: { toVaultId: await tenant.vaultOf([]) } };
  },
  'GET /sim/v1/zones': plain,
  'PUT /sim/v1/zones/{zone}': () => ({ ids: ['eu-de-03'], body: { state: 'up' } }),
  'POST /sim/*/volumes/{id}/damage': on(volume, { target: { kind: 'all' }, fault: 'flip', count: 1 }),
  'POST /sim/*/vaults/{id}/damage': on((tenant) => tenant.vault(), { target: 'pack', fault: 'flip' }),
  'GET /sim/*/clock': plain,
  'POST /sim/*/clock': () => ({ body: { advance_seconds: 1 } }),
  'GET /': plain,
  'GET /docs': plain,
  'GET /openapi.json': plain,
  'GET /healthz': plain,
  'GET /metrics': plain,
};
