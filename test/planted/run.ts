// The repository's model over seeds until each planted bug is seen.

import { BUGS, type PlantedBug } from './bugs.ts';
import { plantOnImport } from './hooks.ts';

/** Prints one line of JSON a bug: the first seed that shows it, and how; null when none of its seeds does. */
export async function runPlanted(names: readonly string[]): Promise<void> {
  const unknown = names.find((name) => !BUGS.some((bug) => bug.name === name));
  if (unknown) throw new Error(`no planted bug "${unknown}"; there are ${BUGS.map((bug) => bug.name).join(', ')}`);
  plantOnImport();
  for (const bug of BUGS) {
    if (names.length > 0 && !names.includes(bug.name)) continue;
    const found = await firstSeed(bug);
    console.log(JSON.stringify({ name: bug.name, found }));
    if (found === null) process.exitCode = 1;
  }
}

async function firstSeed(bug: PlantedBug): Promise<{ seed: number; why: string } | null> {
  const { runSeed } = (await import(
    `../support/repository-memory.ts?planted=${bug.name}`
  )) as typeof import('../support/repository-memory.ts');
  for (let seed = 1; seed <= bug.seedsMax; seed++) {
    try {
      await runSeed(seed);
    } catch (error) {
      // A mistake in the planted text itself shows nothing.
      if (error instanceof ReferenceError || error instanceof SyntaxError) throw error;
      return { seed, why: error instanceof Error ? error.message : String(error) };
    }
  }
  return null;
}
