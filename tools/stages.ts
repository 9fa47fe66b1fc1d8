// Runs tools one after the other and remembers how long each took and how it ended.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { inRoot, ROOT } from './paths.ts';

export interface Stage {
  readonly name: string;
  readonly seconds: number;
  readonly ok: boolean;
}

/** Collects stages; one that throws counts as failed and the next one still runs. */
export class Stages {
  readonly done: Stage[] = [];

  /** Runs one stage; `work` resolves to whether it succeeded. */
  async run(name: string, work: () => Promise<boolean>): Promise<boolean> {
    const startedMs = performance.now();
    let ok = false;
    try {
      ok = await work();
    } catch (error) {
      console.error(error);
    }
    this.done.push({ name, ok, seconds: (performance.now() - startedMs) / 1000 });
    return ok;
  }

  get failed(): number {
    return this.done.filter((stage) => !stage.ok).length;
  }

  /** One line per stage: name, seconds, and whether it failed. */
  table(): string {
    const width = Math.max(...this.done.map(({ name }) => name.length));
    const line = ({ name, seconds, ok }: Stage) =>
      `  ${name.padEnd(width)}  ${seconds.toFixed(1).padStart(6)} s${ok ? '' : '  FAILED'}`;
    return this.done.map(line).join('\n');
  }
}

/**
 * Runs a script or an npm tool on this Node through tools/run.mjs; resolves to its exit code. `noise`: lines of its
 * output that are left out; without it the tool has the terminal for itself.
 */
export async function runTool(tool: string, args: readonly string[], noise?: RegExp): Promise<number> {
  const output = noise ? 'pipe' : 'inherit';
  const child = spawn(process.execPath, [inRoot('tools', 'run.mjs'), tool, ...args], {
    cwd: ROOT,
    stdio: ['inherit', output, output],
    env: process.stdout.isTTY ? { ...process.env, FORCE_COLOR: '1' } : process.env,
  });
  const exited = once(child, 'close');
  if (noise)
    await Promise.all([copyLines(child.stdout, process.stdout, noise), copyLines(child.stderr, process.stderr, noise)]);
  const [code] = await exited;
  return code ?? 1;
}

async function copyLines(from: Readable | null, to: Writable, noise: RegExp): Promise<void> {
  if (!from) return;
  for await (const line of createInterface({ input: from })) if (!noise.test(line)) to.write(`${line}\n`);
}
