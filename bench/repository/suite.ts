// Two backups of one image beside restic and borg: what they store, what the second one adds, how long each takes.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { benchImage, type ImagePieces, MIB, type Piece } from '../path/content.ts';
import { millisecondsOf, Samples } from '../path/context.ts';
import { type Service, withFolder, withService } from '../path/service.ts';
import { writeAll } from '../path/transfers.ts';
import { Volume } from '../path/volumes.ts';
import { hear } from '../path/wire.ts';
import { caseResult, counted, timed } from '../statistics.ts';
import type { CaseResult, RunOptions, Suite } from '../types.ts';
import { changesOf, writeImage, writePieces } from './images.ts';
import { PEERS, type Peer, PeerRepository, versionOf } from './peers.ts';

const CASE = { id: 'repository', title: 'Two backups of an ext4 image, 1 % of its blocks new in the second' };

/** One contender in one round. */
interface TwoBackups {
  readonly firstMs: number;
  readonly writeMs: number;
  readonly secondMs: number;
  readonly firstBytes: number;
  readonly addedBytes: number;
}

export const repositorySuite: Suite = {
  name: 'repository',
  rounds: { quick: 3, full: 5 },
  cases: [CASE],
  async run({ rounds, tiny, progress, caseFilter = '' }) {
    const found = PEERS.map((peer) => ({ peer, version: versionOf(peer) }));
    const peers = found.filter(({ version }) => version !== undefined).map(({ peer }) => peer);
    const missing = found
      .filter(({ version }) => version === undefined)
      .map(({ peer }) => ({ id: peer.id, why: 'it is not installed' }));
    for (const { id } of missing) progress(`${id} is left out: it is not installed`);
    const versions = Object.fromEntries(found.flatMap(({ peer, version }) => (version ? [[peer.id, version]] : [])));
    if (!CASE.id.includes(caseFilter)) return { cases: [], versions };
    const result = await withFolder((folder) =>
      withService({ port: 0, folder }, (service) =>
        measure({ service, folder, peers, rounds, tiny, progress, missing }),
      ),
    );
    return { cases: [result], versions };
  },
};

interface Setting extends Pick<RunOptions, 'rounds' | 'tiny' | 'progress'> {
  readonly service: Service;
  readonly folder: string;
  readonly peers: readonly Peer[];
  readonly missing: CaseResult['missing'];
}

async function measure({ service, folder, peers, rounds, tiny, progress, missing }: Setting): Promise<CaseResult> {
  const image = await benchImage({ folder, tiny });
  const samples = new Samples();
  // Round 0 warms up: the service's code, and everybody's caches.
  for (let round = tiny ? 1 : 0; round <= rounds; round++) {
    const changes = changesOf(image);
    const turns = [
      { id: 'service', turn: () => onService(service, image, changes) },
      ...peers.map((peer) => ({ id: peer.id, turn: () => onPeer(peer, join(folder, peer.id), image, changes) })),
    ];
    for (let i = 0; i < turns.length; i++) {
      const { id, turn } = turns[(i + round) % turns.length]!;
      await hear();
      const done = await turn();
      progress(`round ${round} of ${rounds}  ${id}: ${wordsOf(done)}`);
      if (round > 0) add(samples, id, done);
    }
    if (round > 0)
      samples.add(
        'bytes-changed',
        changes.reduce((sum, { bytes }) => sum + bytes.length, 0),
      );
  }
  const all = [{ id: 'service', title: 'edge-evs' }, ...peers];
  return caseResult({ ...CASE, suite: 'repository', runtime: 'service', missing, compared: false }, [
    ...all.map(({ id, title }) => timed(`ms-first-${id}`, `first backup, ${title}`, samples.of(`ms-first-${id}`))),
    ...all.map(({ id, title }) => timed(`ms-second-${id}`, `second backup, ${title}`, samples.of(`ms-second-${id}`))),
    ...all.map(({ id, title }) =>
      timed(`ms-changed-${id}`, `the changes written, and the second backup, ${title}`, samples.of(`ms-changed-${id}`)),
    ),
    ...all.map(({ id, title }) =>
      counted(`bytes-both-${id}`, `stored by both, ${title}`, 'bytes', samples.of(`bytes-both-${id}`)),
    ),
    ...all.map(({ id, title }) =>
      counted(`bytes-added-${id}`, `added by the second, ${title}`, 'bytes', samples.of(`bytes-added-${id}`)),
    ),
    counted('bytes-changed', 'of the changed blocks themselves', 'bytes', samples.of('bytes-changed')),
  ]);
}

/** From the call until the API says `available`. What is stored is what was put into the bucket. */
async function onService(service: Service, image: ImagePieces, changes: readonly Piece[]): Promise<TwoBackups> {
  const volume = await Volume.create(service);
  const vaultId = await createVault(service, volume.id);
  await writeAll(volume.target, image.runs(MIB), 4);
  await volume.settled();
  const first = await volume.spent(() => volume.backup());
  let writeMs = 0;
  let secondMs = 0;
  const second = await volume.spent(async () => {
    writeMs = await writeAll(volume.target, changes, 4);
    secondMs = await millisecondsOf(() => volume.backup());
  });
  await volume.delete();
  await service.api.ask('DELETE', `/cbr/v3/{p}/vaults/${vaultId}`);
  const [firstBytes, addedBytes] = [first.cost.obsBytesIn, second.cost.obsBytesIn];
  return { firstMs: first.ms, writeMs, secondMs, firstBytes, addedBytes };
}

/** A vault of the round's own: in one that has seen the image before, a first backup would find all of it there. */
async function createVault({ api }: Service, volumeId: string): Promise<string> {
  const billing = { consistent_level: 'crash_consistent', object_type: 'disk', protect_type: 'backup', size: 100 };
  const resources = [{ id: volumeId, type: 'OS::Cinder::Volume' }];
  const { vault } = await api.ask('POST', '/cbr/v3/{p}/vaults', { vault: { name: 'bench', billing, resources } });
  return vault.id;
}

/** As long as the program runs. The image lies in a file that the system has in its cache. */
async function onPeer(peer: Peer, folder: string, image: ImagePieces, changes: readonly Piece[]): Promise<TwoBackups> {
  const file = join(folder, 'image');
  const repository = await PeerRepository.create(peer, folder);
  writeImage(file, image, MIB);
  const emptyBytes = repository.storedBytes();
  const firstMs = await repository.backup('first', file);
  const firstBytes = repository.storedBytes();
  const writeMs = await millisecondsOf(async () => writePieces(file, changes));
  const secondMs = await repository.backup('second', file);
  const addedBytes = repository.storedBytes() - firstBytes;
  rmSync(folder, { recursive: true });
  return { firstMs, writeMs, secondMs, firstBytes: firstBytes - emptyBytes, addedBytes };
}

function add(samples: Samples, id: string, { firstMs, writeMs, secondMs, firstBytes, addedBytes }: TwoBackups): void {
  samples.add(`ms-first-${id}`, firstMs);
  samples.add(`ms-second-${id}`, secondMs);
  samples.add(`ms-changed-${id}`, writeMs + secondMs);
  samples.add(`bytes-both-${id}`, firstBytes + addedBytes);
  samples.add(`bytes-added-${id}`, addedBytes);
}

function wordsOf({ firstMs, writeMs, secondMs, firstBytes, addedBytes }: TwoBackups): string {
  const mib = (bytes: number) => `${(bytes / MIB).toFixed(2)} MiB`;
  return `first ${firstMs.toFixed(0)} ms, ${mib(firstBytes)}; writes ${writeMs.toFixed(0)} ms; second ${secondMs.toFixed(0)} ms, ${mib(addedBytes)}`;
}
