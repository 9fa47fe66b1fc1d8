// docs/benchmarks.md and docs/plots/ from bench/results/ and bench/notes.md.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inRoot } from '../../tools/paths.ts';
import type { ResultFile } from '../types.ts';
import { chartOf } from './charts.ts';
import { reportText } from './markdown.ts';
import { parseNotes } from './notes.ts';

const RESULTS = inRoot('bench', 'results');
const NOTES = inRoot('bench', 'notes.md');

/** Folder of the plots, relative to the repository. */
export const PLOTS_FOLDER = join('docs', 'plots');

/** Every file of the report, by its path relative to the repository. */
export function reportFiles(): ReadonlyMap<string, string> {
  const names = readdirSync(RESULTS).filter((name) => name.endsWith('.json'));
  const results = names.sort().map((name): ResultFile => JSON.parse(readFileSync(join(RESULTS, name), 'utf8')));
  const cases = results.flatMap((result) => result.cases);
  const files = new Map<string, string>();
  const plots = new Set<string>();
  for (const id of new Set(cases.map((result) => result.id))) {
    const chart = chartOf(cases.filter((result) => result.id === id));
    if (chart === undefined) continue;
    plots.add(id);
    files.set(join(PLOTS_FOLDER, `${id}.svg`), chart);
  }
  const notes = parseNotes(readFileSync(NOTES, 'utf8'));
  files.set(join('docs', 'benchmarks.md'), reportText({ results, notes, plots }));
  return files;
}

/** Writes them, and removes plots of cases that are no more. */
export function writeReport(): void {
  const files = reportFiles();
  rmSync(inRoot(PLOTS_FOLDER), { recursive: true, force: true });
  for (const [name, text] of files) {
    mkdirSync(dirname(inRoot(name)), { recursive: true });
    writeFileSync(inRoot(name), text);
  }
  console.log(`wrote ${files.size} files`);
}
