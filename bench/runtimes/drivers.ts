// Starts the agent in a runtime and talks to it: the same requests everywhere.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { inRoot } from '../../tools/paths.ts';
import type { AgentFiles, AgentRequest, Prepared, Ran } from '../kernel/agent.ts';
import type { RuntimeName } from '../types.ts';
import { bundleFor } from './bundle.ts';
import { openPage } from './chromium.ts';
import { startWorker, workerdVersion } from './workerd.ts';

export interface Driver {
  readonly runtime: RuntimeName;
  readonly version: string;
  /** A burst has to be this long, so that the clock's own error is small in it. */
  readonly burstMs: number;
  prepare(caseId: string, tiny: boolean): Promise<Prepared>;
  /** Time of `repetitions` runs of a contender of the prepared case: the fastest of so many bursts. */
  run(contender: string, repetitions: number, bursts: number): Promise<number>;
  close(): Promise<void>;
}

export const START: Readonly<Partial<Record<RuntimeName, (files: AgentFiles) => Promise<Driver>>>> = {
  node: startNode,
  workerd: startWorkerd,
  chromium: startChromium,
};

const agentFile = (runtime: RuntimeName) => inRoot('bench', 'runtimes', `${runtime}-agent.ts`);

/** What bench/runtimes/node-agent.ts sends. */
interface NodeAnswer {
  readonly reply?: unknown;
  readonly error?: string;
}

async function startNode(files: AgentFiles): Promise<Driver> {
  const child = fork(agentFile('node'), { serialization: 'advanced' });
  const ended = once(child, 'exit').then(([code]): NodeAnswer => ({ error: `the process ended with code ${code}` }));
  const ask = async (message: { files: AgentFiles } | AgentRequest): Promise<unknown> => {
    child.send(message);
    const told = new Promise<NodeAnswer>((done) => child.once('message', (answer) => done(answer as NodeAnswer)));
    const answer = await Promise.race([told, ended]);
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.reply;
  };
  await ask({ files });
  return {
    runtime: 'node',
    version: process.versions.node,
    burstMs: 4,
    ...asking(ask),
    async close() {
      child.kill();
      await ended;
    },
  };
}

async function startChromium(files: AgentFiles): Promise<Driver> {
  const { page, version, close } = await openPage(await bundleFor('chromium', agentFile('chromium')), { ...files });
  const ask = (request: AgentRequest) => page.evaluate((given) => globalThis.askAgent(given), request);
  await page.evaluate((names) => globalThis.startAgent(names), Object.keys(files) as (keyof AgentFiles)[]);
  return {
    runtime: 'chromium',
    version,
    burstMs: 4,
    ...asking(ask),
    close,
  };
}

async function startWorkerd(files: AgentFiles): Promise<Driver> {
  const miniflare = await startWorker(await bundleFor('workerd', agentFile('workerd')));
  const post = async (path: string, body: string | Uint8Array): Promise<string> => {
    const response = await miniflare.dispatchFetch(`http://bench${path}`, { method: 'POST', body });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return text;
  };
  const ask = async (request: AgentRequest) => JSON.parse(await post('/', JSON.stringify(request)));
  for (const [name, bytes] of Object.entries(files)) await post(`/files/${name}`, bytes);
  return {
    runtime: 'workerd',
    version: workerdVersion(),
    burstMs: 8,
    ...asking(ask),
    close: () => miniflare.dispose(),
  };
}

function asking(ask: (request: AgentRequest) => Promise<unknown>): Pick<Driver, 'prepare' | 'run'> {
  return {
    prepare: async (id, tiny) => (await ask({ op: 'prepare', case: id, tiny })) as Prepared,
    run: async (contender, repetitions, bursts) =>
      ((await ask({ op: 'run', contender, repetitions, bursts })) as Ran).ms,
  };
}
