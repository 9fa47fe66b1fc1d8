// What a result depends on besides the code: machine, versions, commit.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { ROOT } from '../tools/paths.ts';
import type { Machine } from './types.ts';

/** The machine as it is now. */
export function thisMachine(): Machine {
  const processors = cpus();
  return {
    cpu: processorName() ?? processors[0]?.model ?? 'unknown',
    cores: processors.length,
    memoryBytes: totalmem(),
    kernel: `${type()} ${release()}`,
    load: loadavg()[0]!,
  };
}

/** os.cpus() says "unknown" on some virtual machines that /proc knows more about. */
function processorName(): string | undefined {
  try {
    const text = readFileSync('/proc/cpuinfo', 'utf8');
    const value = (key: string) => new RegExp(`^${key}\\s*: (.+)$`, 'm').exec(text)?.[1];
    const features = value('flags')?.split(' ') ?? [];
    const wide = ['sha_ni', 'avx2', 'avx512f'].filter((feature) => features.includes(feature));
    return `${value('model name')}, family ${value('cpu family')} model ${value('model')} (${wide.join(', ')})`;
  } catch {
    return undefined;
  }
}

/** Commit of the working copy and whether it was changed since; "unknown" without git. */
export function workingCopy(): { commit: string; changed: boolean } {
  try {
    const git = (...args: string[]) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
    return { commit: git('rev-parse', '--short=12', 'HEAD'), changed: git('status', '--porcelain') !== '' };
  } catch {
    return { commit: 'unknown', changed: true };
  }
}
