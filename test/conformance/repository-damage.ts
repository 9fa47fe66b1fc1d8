// Damage of what the model's vaults have stored: one pack, flipped somewhere or lost. Everything that had its copy there
// may be refused from then on; nothing may be wrong.

import { decodeEntries } from '../../engine/repository/pack-format.ts';
import { PackState } from '../../engine/repository/ports.ts';
import type { Kind } from '../../engine/types.ts';
import { damageKey, type Oracle } from './repository-oracle.ts';
import type { ModelWorld } from './repository-world.ts';

/** False when there is none. `only`: a pack of blocks, or of pages. */
export async function damagePack(
  world: ModelWorld,
  oracle: Oracle,
  { which, byte, kind }: { which: number; byte: number; kind: 'flip' | 'lose' },
  only?: Kind,
): Promise<boolean> {
  const packs = world.vaults.flatMap((vault) => {
    if (!vault.isOpen) return [];
    return vault.store
      .listPacks(0, 1_000)
      .filter((pack) => pack.state === PackState.live && (only ?? pack.kind) === pack.kind)
      .map((pack) => ({ vault, pack }));
  });
  const chosen = packs[which % Math.max(1, packs.length)];
  if (!chosen) return false;
  const { vault, pack } = chosen;
  const key = vault.core.context.keys().pack(pack.generation, pack.kind, pack.uuid);
  const at = byte % pack.bytes;
  await world.ports.tamper(key, (bytes) => {
    if (kind === 'lose') return null;
    bytes[at]! ^= 1;
    return bytes;
  });
  oracle.forget(key);
  world.damagedKeys.add(key);
  for (const entry of decodeEntries(vault.store.readPackDirectory(pack.no)!)) {
    world.damaged.set(damageKey(vault, entry.digest), { vault, ref: entry });
  }
  return true;
}
