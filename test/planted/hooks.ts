// Plants a bug: modules that are imported with `?planted=NAME`, and all that they import, are a copy of the project of
// their own in which one piece of source text is another. Nothing on disk changes, and production code has no switch.

import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { BUGS, type PlantedBug } from './bugs.ts';

const ROOT = new URL('../../', import.meta.url).href;

/** Call once, before the first import of a planted module. */
export function plantOnImport(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      const name = plantedIn(context.parentURL);
      const isOurs = found.url.startsWith(ROOT) && !found.url.includes('/node_modules/');
      if (name === null || !isOurs || plantedIn(found.url) !== null) return found;
      return { ...found, url: `${found.url}?planted=${name}` };
    },
    load(url, context, next) {
      const loaded = next(url, context);
      const bug = BUGS.find(({ name }) => name === plantedIn(url));
      const file = url.slice(ROOT.length).replace(/\?.*/, '');
      const edits = bug?.edits.filter((edit) => edit.file === file) ?? [];
      if (edits.length === 0) return loaded;
      return { ...loaded, source: edits.reduce(replaced, readFileSync(fileURLToPath(url), 'utf8')) };
    },
  });
}

function plantedIn(url: string | undefined): string | null {
  return url?.startsWith('file:') ? new URL(url).searchParams.get('planted') : null;
}

/** Throws when the text to replace is not there exactly once: the table has to follow the code. */
function replaced(source: string, { file, find, put }: PlantedBug['edits'][number]): string {
  const parts = source.split(find);
  if (parts.length !== 2) throw new Error(`planted bug: ${file} has the text ${parts.length - 1} times: ${find}`);
  return parts.join(put);
}
