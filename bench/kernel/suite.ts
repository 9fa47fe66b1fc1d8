// Runs the kernel's cases: all runtimes side by side, contenders in turn.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import { buildKernel, KERNEL_BUILDS, kernelFile } from '../../tools/build-kernel.ts';
import { keepAwake } from '../runtimes/awake.ts';
import { type Driver, START } from '../runtimes/drivers.ts';
import { caseResult, counted, timed } from '../statistics.ts';
import type { CaseResult, RunOptions, Suite } from '../types.ts';
import type { AgentFiles, Prepared } from './agent.ts';
import { KERNEL_CASES } from './all.ts';
import { buildLimits } from './build-limits.ts';
import type { KernelCase } from './cases.ts';
import { sampleRounds, type Turn, warmUp } from './rounds.ts';

const MODULE_CASE = { id: 'module', title: 'The wasm files' };

export const kernelSuite: Suite = {
  name: 'kernel',
  rounds: { quick: 3, full: 9 },
  cases: [...KERNEL_CASES.map(({ id, title }) => ({ id, title })), MODULE_CASE],
  async run(options) {
    await buildKernel();
    const isChosen = ({ id }: { id: string }) => id.includes(options.caseFilter ?? '');
    const timedCases = KERNEL_CASES.filter(isChosen);
    const drivers: Driver[] = [];
    const letSleep = options.tiny ? () => {} : keepAwake();
    try {
      if (timedCases.length > 0) await startAll(drivers, options);
      const cases: CaseResult[] = [];
      for (const [i, kernelCase] of timedCases.entries()) {
        options.progress(`${i + 1}/${timedCases.length} ${kernelCase.id}: ${kernelCase.title}`);
        try {
          cases.push(...(await runCase(drivers, kernelCase, options)));
        } catch (error) {
          throw new Error(`case ${kernelCase.id} failed`, { cause: error });
        }
      }
      if (isChosen(MODULE_CASE)) cases.push(moduleCase());
      const runtimes = Object.fromEntries(drivers.map(({ runtime, version }) => [runtime, version]));
      return { cases, versions: { ...runtimes, ...peerVersions() } };
    } finally {
      letSleep();
      for (const driver of drivers) await driver.close();
    }
  },
};

async function startAll(drivers: Driver[], { runtimes, progress }: RunOptions): Promise<void> {
  const files = await agentFiles();
  for (const runtime of runtimes) {
    progress(`starting ${runtime}`);
    drivers.push(await START[runtime]!(files));
  }
}

async function agentFiles(): Promise<AgentFiles> {
  const fuzdev = createRequire(import.meta.url)
    .resolve('@fuzdev/blake3_wasm')
    .replace(/index\.js$/, 'blake3_wasm_bg.wasm');
  return {
    relaxed: readFileSync(kernelFile('relaxed')),
    simd: readFileSync(kernelFile('simd')),
    limits: await buildLimits(),
    fuzdev: readFileSync(fuzdev),
  };
}

/** One case in all runtimes: prepared and warmed up everywhere first, then sampled in rounds that visit each runtime. */
async function runCase(
  drivers: readonly Driver[],
  { id, title, compared }: KernelCase,
  { rounds, tiny }: RunOptions,
): Promise<CaseResult[]> {
  const prepared = await Promise.all(drivers.map((driver) => driver.prepare(id, tiny)));
  const lanes: { driver: Driver; prepared: Prepared; turns: Map<string, Turn> }[] = [];
  for (const [i, driver] of drivers.entries()) {
    lanes.push({ driver, prepared: prepared[i]!, turns: await warmUp(driver, prepared[i]!, tiny) });
  }
  const samples = await sampleRounds(lanes, tiny ? 1 : rounds);
  return lanes.map(({ driver: { runtime }, prepared }) =>
    caseResult(
      { id, suite: 'kernel', runtime, title, missing: prepared.missing, ...(compared !== undefined && { compared }) },
      prepared.contenders.map((contender) =>
        timed(contender.id, contender.title, samples.get(runtime)!.get(contender.id)!, contender.work),
      ),
    ),
  );
}

function moduleCase(): CaseResult {
  const measures = KERNEL_BUILDS.flatMap((build) => {
    const wasm = readFileSync(kernelFile(build));
    const imports = WebAssembly.Module.imports(new WebAssembly.Module(wasm)).length;
    return [
      counted(`gzip-${build}`, `${build}, gzipped`, 'bytes', [gzipSync(wasm, { level: 9 }).length]),
      counted(`bytes-${build}`, build, 'bytes', [wasm.length]),
      counted(`imports-${build}`, `${build}, imports`, 'count', [imports]),
    ];
  });
  return caseResult({ ...MODULE_CASE, suite: 'kernel', runtime: 'node', compared: false }, measures);
}

function peerVersions(): Record<string, string> {
  const { devDependencies } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const peers = ['@napi-rs/blake-hash', '@fuzdev/blake3_wasm', 'hash-wasm', '@noble/hashes'];
  return Object.fromEntries(peers.map((name) => [name, devDependencies[name]]));
}
