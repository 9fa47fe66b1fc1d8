// The cases against disks as block devices: `edge-evs nbd` beside qemu-nbd and the disk that both stand on.

import { withFolder, withService } from '../path/service.ts';
import { serviceVersions } from '../path/suite.ts';
import type { CaseResult, Suite } from '../types.ts';
import type { NbdContext } from './context.ts';
import { missingPrograms, programVersions } from './programs.ts';
import { random } from './random.ts';
import { sequential } from './sequential.ts';
import { smallWrites } from './small-writes.ts';

interface NbdCase {
  readonly id: string;
  readonly title: string;
  /** Reads /proc. */
  readonly linuxOnly?: true;
  run(context: NbdContext): Promise<CaseResult>;
}

const CASES: readonly NbdCase[] = [
  { id: 'nbd-sequential', title: '1 GiB onto a new disk and back', run: sequential },
  { id: 'nbd-random', title: '4 KiB at random', run: random },
  { id: 'nbd-small-writes', title: 'What small writes cost', linuxOnly: true, run: smallWrites },
];

export const nbdSuite: Suite = {
  name: 'nbd',
  rounds: { quick: 3, full: 5 },
  cases: CASES.map(({ id, title }) => ({ id, title })),
  async run({ rounds, tiny, caseFilter = '', progress }) {
    const missing = missingPrograms();
    if (missing.length > 0) progress(`left out: ${missing.join(', ')} not installed`);
    const chosen = CASES.filter(({ id, linuxOnly }) => {
      const isHere = missing.length === 0 && (linuxOnly === undefined || process.platform === 'linux');
      return isHere && id.includes(caseFilter);
    });
    const results: CaseResult[] = [];
    if (chosen.length > 0) {
      await withFolder((folder) =>
        withService({ port: 0, folder }, async (service) => {
          for (const { id, title, run } of chosen) {
            progress(`${id}: ${title}`);
            results.push(await run({ service, folder, rounds, tiny, progress }));
          }
        }),
      );
    }
    return { cases: results, versions: { ...serviceVersions(), ...programVersions() } };
  },
};
