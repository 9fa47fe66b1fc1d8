// The damage fault of simulations, for a vault: edits what lies in object storage, below every check. Deterministic for a
// seed and a state of the vault.

import type { EngineHost } from '../host.ts';
import { flipBit } from '../memory/rows.ts';
import type { Obs } from '../ports.ts';
import { sample, seeded } from '../seeded.ts';
import { listAll, type VaultKeys } from './keys.ts';
import { FRAME_HEADER_BYTES } from './pack-format.ts';
import { readPack } from './pack-reader.ts';

export interface VaultDamage {
  /**
   * `pack`: any byte of one, or all of it. `trailer`: the list of objects at a pack's end; nothing else of it. `object`: the
   * bytes of one object in a pack. `manifest`: what says that a backup exists.
   */
  readonly target: 'pack' | 'trailer' | 'object' | 'manifest';
  /**
   * `flip`: one bit. `lose`: all of the target is gone; bytes in the middle of a pack are zeros then. `truncate`: what is
   * stored ends somewhere in the target.
   */
  readonly fault: 'flip' | 'lose' | 'truncate';
  /** How many of them to hit, at most. */
  readonly count: number;
  readonly seed: number;
}

/** Bytes [start, end) of a stored object are to be hit. */
interface Victim {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

/** Damages what a vault has stored. Returns how many things were hit. */
export async function damageVault(obs: Obs, host: EngineHost, keys: VaultKeys, damage: VaultDamage): Promise<number> {
  const random = seeded(damage.seed);
  const folders = damage.target === 'manifest' ? ['manifest'] : ['blocks', 'pages'];
  const candidates = (await listAll(obs, keys.prefix)).filter((key) => folders.includes(key.split('/').at(-2)!));
  // An object is looked for in any pack, and two may be in one.
  const chosen =
    damage.target === 'object' && candidates.length > 0
      ? Array.from({ length: damage.count }, () => candidates[random() % candidates.length]!)
      : sample(candidates, damage.count, random);
  let hit = 0;
  for (const key of chosen) {
    const victim = await victimIn(obs, host, key, damage, random);
    if (victim && (await strike(obs, victim, damage.fault, random))) hit++;
  }
  return hit;
}

async function victimIn(
  obs: Obs,
  host: EngineHost,
  key: string,
  { target, fault }: VaultDamage,
  random: () => number,
): Promise<Victim | null> {
  const size = (await obs.head(key))?.sizeBytes ?? 0;
  if (size === 0) return null;
  if (target === 'pack' || target === 'manifest') return { key, start: 0, end: size };
  const pack = await readPack(obs, host.kernel, key);
  const entries = pack?.entries ?? [];
  if (entries.length === 0) return null;
  const endOf = ({ offset, length }: { offset: number; length: number }) => offset + length;
  if (target === 'trailer') return { key, start: Math.max(...entries.map(endOf)), end: size };
  const entry = entries[random() % entries.length]!;
  // What is lost is lost to whoever walks the headers, too.
  return { key, start: entry.offset - (fault === 'lose' ? FRAME_HEADER_BYTES : 0), end: endOf(entry) };
}

async function strike(obs: Obs, victim: Victim, fault: VaultDamage['fault'], random: () => number): Promise<boolean> {
  const { key, start, end } = victim;
  const bytes = await obs.get(key);
  if (!bytes || end <= start) return false;
  const edited = edit(bytes, start, Math.min(end, bytes.length), fault, random());
  await obs.delete([key]);
  if (edited) await obs.putOnce(key, edited);
  return true;
}

/** The bytes after the fault; null when nothing is left. */
function edit(
  bytes: Uint8Array,
  start: number,
  end: number,
  fault: VaultDamage['fault'],
  random: number,
): Uint8Array | null {
  const isTail = end === bytes.length;
  if (fault === 'truncate') return bytes.slice(0, start + (random % (end - start)));
  if (fault === 'lose' && isTail) return start === 0 ? null : bytes.slice(0, start);
  const edited = bytes.slice();
  edited.set(fault === 'lose' ? new Uint8Array(end - start) : flipBit(bytes.subarray(start, end), random)!, start);
  return edited;
}
