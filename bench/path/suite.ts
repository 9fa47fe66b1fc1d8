// The cases against a running service: the service as its users start it, the raw peers beside it, one case after the other.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { CaseResult, Suite } from '../types.ts';
import { firstBackups, incrementalBackups, readsDuringBackup } from './backups.ts';
import type { PathContext } from './context.ts';
import { memory } from './memory.ts';
import { transferCpu } from './processor.ts';
import { withRaw } from './raw.ts';
import { randomReads, sequentialReads } from './reads.ts';
import { restores } from './restores.ts';
import { withFolder, withService } from './service.ts';
import { clones, deltas, rollbacks, snapshots } from './snapshots.ts';
import { randomWrites, sequentialWrites } from './writes.ts';

interface PathCase {
  readonly id: string;
  readonly title: string;
  /** Reads /proc. */
  readonly linuxOnly?: true;
  run(context: PathContext): Promise<CaseResult>;
}

/** Cases that share one service. Their ids and what they measure: bench/README.md. */
const SHARED: readonly PathCase[] = [
  { id: 'sequential-write', title: 'Sequential writes', run: sequentialWrites },
  { id: 'sequential-read', title: 'Sequential reads', run: sequentialReads },
  { id: 'random-write', title: 'Random writes', run: randomWrites },
  { id: 'random-read', title: 'Random reads', run: randomReads },
  { id: 'transfer-cpu', title: 'Processor time of transfers', linuxOnly: true, run: transferCpu },
  { id: 'snapshot', title: 'Snapshot', run: snapshots },
  { id: 'rollback', title: 'Rollback', run: rollbacks },
  { id: 'clone', title: 'Clone', run: clones },
  { id: 'delta', title: 'Delta', run: deltas },
  { id: 'backup-first', title: 'First backup', run: firstBackups },
  { id: 'backup-incremental', title: 'Incremental backup', run: incrementalBackups },
  { id: 'restore', title: 'Restore', run: restores },
  { id: 'read-during-backup', title: 'Reads during a backup', run: readsDuringBackup },
];

const MEMORY = { id: 'memory', title: 'Resident memory', linuxOnly: true, run: memory } as const;

export const pathSuite: Suite = {
  name: 'path',
  rounds: { quick: 5, full: 5 },
  cases: [...SHARED, MEMORY].map(({ id, title }) => ({ id, title })),
  async run({ rounds, tiny, caseFilter = '', progress }) {
    const isChosen = ({ id, linuxOnly }: Pick<PathCase, 'id' | 'linuxOnly'>): boolean => {
      if (!id.includes(caseFilter)) return false;
      const can = linuxOnly === undefined || process.platform === 'linux';
      if (!can) progress(`${id} is left out: it needs /proc`);
      return can;
    };
    const chosen = SHARED.filter(isChosen);
    const cases = await withFolder(async (folder) => {
      const results: CaseResult[] = [];
      const common = { folder, rounds, tiny, progress };
      if (chosen.length > 0) {
        await withService({ port: 0, folder }, (service) =>
          withRaw(folder, async (raw) => {
            for (const { id, title, run } of chosen) {
              progress(`${id}: ${title}`);
              results.push(await run({ ...common, service, raw }));
            }
          }),
        );
      }
      if (isChosen(MEMORY)) {
        progress(`${MEMORY.id}: ${MEMORY.title}`);
        results.push(await MEMORY.run(common));
      }
      return results;
    });
    return { cases, versions: serviceVersions() };
  },
};

/** What runs the service and the peers. */
export function serviceVersions(): Record<string, string> {
  const resolve = createRequire(import.meta.url).resolve;
  const names = ['miniflare', 'workerd'];
  return Object.fromEntries(
    names.map((name) => [name, JSON.parse(readFileSync(resolve(`${name}/package.json`), 'utf8')).version]),
  );
}
