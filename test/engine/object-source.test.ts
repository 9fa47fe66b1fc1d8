import { ObsObjectSource } from '../../engine/repository/source.ts';
import { Kind } from '../../engine/types.ts';
import { objectSourceConformance } from '../conformance/object-source.ts';
import { host, TestDisk, uuid, World } from '../support/repository.ts';

objectSourceConformance('a vault in memory', host, async (blocks) => {
  const world = new World();
  await world
    .vault()
    .create('a0000000000000000000000000000001', '00000000-0000-4000-8000-0000000000aa')
    .catch(() => undefined);
  const disk = new TestDisk(uuid(1));
  blocks.forEach((block, i) => {
    disk.writeBytes(3 * i, block);
  });
  await world.backUp(disk, uuid(2));
  const vault = world.vault();
  const source = new ObsObjectSource(world.obs, (refs) => vault.locate(refs));
  return { source, page: { kind: Kind.page, digest: disk.root() } };
});
