// npm test [-- PROJECT…]: builds, then runs the vitest projects. Needs nothing but npm packages.
// The last line is "N passed, N failed", the form that CI reads.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { ensureBuilt } from './build.ts';
import { inRoot, isMain } from './paths.ts';
import { runTool, Stages } from './stages.ts';

/**
 * Projects by run. The first three share the machine: one computes while the other waits for workerd. The others
 * start and kill servers, and are left alone.
 */
const RUNS = [['kernel', 'engine', 'worker'], ['system'], ['bench']];
const PROJECTS = RUNS.flat();

/** What workerd says when tests abort objects on purpose, a hundred times a run. */
const DELIBERATE =
  /^(uncaught exception; exception = .*|exception = .*|stack: .*|\s+at .*|NOSENTRY .*|uncaught exception; source = .*(no answer|the answer was lost|replaced under the read))$/;

interface Count {
  passed: number;
  failed: number;
}

/** Runs vitest projects at once and adds their tests to `count`. */
async function runProjects(projects: readonly string[], count: Count): Promise<boolean> {
  const report = inRoot('.cache', 'vitest', `${projects.join('-')}.json`);
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const code = await runTool(
    'vitest',
    ['run', ...projects.flatMap((name) => ['--project', name]), ...reporters],
    DELIBERATE,
  );
  const { passed, failed } = readReport(report);
  count.passed += passed;
  // Vitest also fails without a failing test: none found, an error outside of all of them, a crash.
  count.failed += code !== 0 && failed === 0 ? 1 : failed;
  if (code !== 0 && failed === 0)
    console.error(`${projects.join(', ')}: vitest ended with code ${code}, outside of any test`);
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
  for (const run of RUNS) {
    const projects = run.filter((name) => chosen.length === 0 || chosen.includes(name));
    if (projects.length === 0) continue;
    console.log(`\n== ${projects.join(', ')}`);
    await stages.run(projects.join(', '), () => runProjects(projects, count));
  }
  console.log(`\n${stages.table()}\n`);
  console.log(`${count.passed} passed, ${count.failed} failed`);
  process.exitCode = count.failed === 0 ? 0 : 1;
}
