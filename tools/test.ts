// npm test [-- PROJECT…]: builds, then runs the vitest projects one by one. Needs nothing but npm packages.
// The last line is "N passed, N failed", the form that CI reads.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { ensureBuilt } from './build.ts';
import { inRoot, isMain } from './paths.ts';
import { runTool, Stages } from './stages.ts';

/** In order of layers: what fails first is nearest to the cause. */
const PROJECTS = ['kernel', 'engine', 'worker', 'system'];

interface Count {
  passed: number;
  failed: number;
}

/** Runs one vitest project and adds its tests to `count`. */
async function runProject(project: string, count: Count): Promise<boolean> {
  const report = inRoot('.cache', 'vitest', `${project}.json`);
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const code = await runTool('vitest', ['run', '--project', project, ...reporters]);
  const { passed, failed } = readReport(report);
  count.passed += passed;
  // Vitest also fails without a failing test: no test found, an error outside of all of them, a crash.
  count.failed += code !== 0 && failed === 0 ? 1 : failed;
  if (code !== 0 && failed === 0) console.error(`${project}: vitest ended with code ${code}, outside of any test`);
  return code === 0;
}

function readReport(file: string): Count {
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(file, 'utf8'));
    return { passed: numPassedTests, failed: numFailedTests };
  } catch {
    return { passed: 0, failed: 0 };
  }
}

if (isMain(import.meta.url)) {
  const chosen = process.argv.slice(2);
  const unknown = chosen.find((name) => !PROJECTS.includes(name));
  if (unknown) throw new Error(`no test project "${unknown}"; there are ${PROJECTS.join(', ')}`);
  mkdirSync(inRoot('.cache', 'vitest'), { recursive: true });
  const stages = new Stages();
  const count: Count = { passed: 0, failed: 0 };
  const built = await stages.run('build', async () => {
    await ensureBuilt();
    return true;
  });
  if (!built) count.failed++;
  for (const project of chosen.length > 0 ? chosen : PROJECTS) {
    console.log(`\n== ${project}`);
    await stages.run(project, () => runProject(project, count));
  }
  console.log(`\n${stages.table()}\n`);
  console.log(`${count.passed} passed, ${count.failed} failed`);
  process.exitCode = count.failed === 0 ? 0 : 1;
}
