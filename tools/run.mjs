// node tools/run.mjs FILE|TOOL [ARGS]: runs a script, or the command of an npm package, on a Node that is new enough.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNode } from './node.mjs';

/** Resolves a script path, or a tool name such as "vitest", to a file that Node can run. */
function resolveScript(name) {
  if (existsSync(name)) return resolve(name);
  const manifest = createRequire(import.meta.url).resolve(`${PACKAGES[name] ?? name}/package.json`);
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8'));
  return join(dirname(manifest), typeof bin === 'string' ? bin : bin[name]);
}

/** Tools whose package has another name. */
const PACKAGES = { tsc: 'typescript', biome: '@biomejs/biome', asc: 'assemblyscript' };

/** Runs a script on a new enough Node with the same terminal; resolves to the exit code it should leave with. */
export function run(script, args) {
  const node = findNode();
  const path = `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`;
  // Tools of this project report to nobody; a person's own setting wins.
  const env = { WRANGLER_SEND_METRICS: 'false', ...process.env, PATH: path };
  const child = spawn(node, [script, ...args], { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((done, fail) => {
    child.on('error', fail);
    child.on('exit', (code, signal) => done(signal ? 128 + constants.signals[signal] : (code ?? 1)));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [name, ...args] = process.argv.slice(2);
  if (name === undefined) throw new Error('usage: node tools/run.mjs FILE|TOOL [ARGS]');
  process.exitCode = await run(resolveScript(name), args);
}
