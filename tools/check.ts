// npm run check: formatter and linter, the compiler with the dependency rule of the folders, and what neither of them sees.
import { findSmells } from './smells.ts';
import { runTool, Stages } from './stages.ts';

const stages = new Stages();
// In a log, biome would colour each letter by itself.
const colours = process.stdout.isTTY ? [] : ['--colors=off'];
await stages.run('biome', async () => (await runTool('biome', ['ci', ...colours])) === 0);
await stages.run('tsc', async () => (await runTool('tsc', ['-b'])) === 0);
await stages.run('smells', async () => {
  const smells = findSmells();
  for (const smell of smells) console.error(smell);
  return smells.length === 0;
});
console.log(`\n${stages.table()}`);
process.exitCode = stages.failed === 0 ? 0 : 1;
