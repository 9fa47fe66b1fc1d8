// Hash functions of others that every runtime can load, or nearly every one.
import { hash as fuzdevHash, init_sync } from '@fuzdev/blake3_wasm';
import { blake3 } from '@noble/hashes/blake3.js';
import { createBLAKE3 } from 'hash-wasm';
import type { AgentFiles, Host } from './agent.ts';
import type { HashPeer } from './cases.ts';

type Found = Awaited<ReturnType<Host['peers']>>;

/** `first`: peers that only this runtime has, before the others. `compile`: the runtime's way. */
export async function commonPeers(files: AgentFiles, compile: Host['compile'], first: Found): Promise<Found> {
  init_sync({ module: compile(files.fuzdev) });
  const peers: HashPeer[] = [
    ...first.peers,
    { id: 'fuzdev', title: '@fuzdev/blake3_wasm', algorithm: 'BLAKE3', hash: (bytes) => fuzdevHash(bytes) },
  ];
  const missing = [...first.missing];
  try {
    const hasher = await createBLAKE3();
    const hash = (bytes: Uint8Array) => hasher.init().update(bytes).digest('binary');
    peers.push({ id: 'hash-wasm', title: 'hash-wasm', algorithm: 'BLAKE3', hash });
  } catch (error) {
    missing.push({ id: 'hash-wasm', why: `it cannot be loaded here: ${(error as Error).message}` });
  }
  peers.push(
    { id: 'noble', title: '@noble/hashes', algorithm: 'BLAKE3', slow: true, hash: (bytes) => blake3(bytes) },
    {
      id: 'webcrypto',
      title: 'WebCrypto SHA-256, awaited',
      algorithm: 'SHA-256',
      awaited: true,
      hash: async (bytes) => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)),
    },
  );
  return { peers, missing };
}
