// The two sources of a Disk object: a vault behind RPC and R2, and the disk that it was cloned from.

import { Meter } from '../../engine/cost.ts';
import { BLOCK_BYTES, Kind } from '../../engine/types.ts';
import { R2Obs } from '../../worker/adapters/r2-obs.ts';
import { sourceOf } from '../../worker/disk/upstreams.ts';
import { engineHost } from '../../worker/host.ts';
import { objectSourceConformance } from '../conformance/object-source.ts';
import { bindings, createVault, DiskDriver, label, OWNER } from './disk-driver.ts';

const meter = new Meter();
const context = { env: bindings, obs: new R2Obs(bindings.OBS, meter), meter, projectId: OWNER.projectId };

/** A disk with these blocks, every third one of them. */
async function filled(blocks: readonly Uint8Array[]): Promise<DiskDriver> {
  const disk = await new DiskDriver().create();
  for (const [i, block] of blocks.entries()) await disk.write(3 * i * BLOCK_BYTES, block);
  await disk.done({ kind: 'createSnapshot', snapshotId: 's' });
  return disk;
}

async function pinned(disk: DiskDriver) {
  const pinId = crypto.randomUUID();
  const pin = await disk.stub.pin(OWNER, pinId, 's');
  if (pin === null || pin === 'wait') throw new Error('the snapshot could not be pinned');
  return { pinId, page: { kind: Kind.page, digest: new Uint8Array(pin.root) } };
}

objectSourceConformance('a vault over RPC and R2', engineHost(), async (blocks) => {
  const vaultId = await createVault();
  const disk = await filled(blocks);
  const backupId = crypto.randomUUID();
  await disk.done({ kind: 'backup', vaultId, backupId, snapshotId: 's', full: false, label: label(disk.id) });
  const { page } = await pinned(disk);
  return { source: sourceOf(context, 'lease', { kind: 'vault', vaultId, logicalBytes: 0 }), page };
});

objectSourceConformance('the disk of a snapshot', engineHost(), async (blocks) => {
  const disk = await filled(blocks);
  const { pinId, page } = await pinned(disk);
  const locator = { kind: 'disk', diskId: disk.id, zone: OWNER.zone, logicalBytes: 0 } as const;
  return { source: sourceOf(context, pinId, locator), page };
});
