// The service under test, started as `edge-evs serve` starts it, with its state on disk. One at a time, in this process;
// workerd is a process of its own.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EdgeEvs, startEdgeEvs } from '../../cli/serve/start.ts';
import { Api } from '../../cli/tour/api.ts';
import { hangUp } from './wire.ts';

export interface Service {
  readonly api: Api;
  readonly url: string;
  readonly workerdPid: number;
  /** Headers of a request to the data API. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface ServiceOptions {
  readonly port: number;
  /** A folder for everything that is stored; it has to be on the disk that is meant. */
  readonly folder: string;
  /** A bundle that is built already, to compare two builds; absent: the checkout's own. */
  readonly bundleFolder?: string | undefined;
}

/** Who everything is done as. */
export const DEMO_ACCOUNT = { user: 'demo1', password: 'secret', project: 'demo1' } as const;

/** Runs `use` with a service, and ends the service whatever happens. */
export async function withService<T>(options: ServiceOptions, use: (service: Service) => Promise<T>): Promise<T> {
  const { port, folder, bundleFolder } = options;
  const server: EdgeEvs = await startEdgeEvs({
    port,
    state: join(folder, 'service'),
    reset: true,
    log: 'errors',
    ...(bundleFolder === undefined ? {} : { bundleFolder }),
  });
  try {
    const api = await Api.login({ url: server.url, ...DEMO_ACCOUNT });
    if (server.workerdPid === undefined) throw new Error('the pid of workerd is not known');
    return await use({ api, url: server.url, workerdPid: server.workerdPid, headers: api.headers });
  } finally {
    hangUp();
    await server.stop();
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs `use` with a new folder below the system's temporary one, and deletes it, also when the run is interrupted. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'benchpath-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const interrupted = () => process.exit(130);
  process.on('exit', remove);
  for (const signal of SIGNALS) process.on(signal, interrupted);
  try {
    return await use(folder);
  } finally {
    process.off('exit', remove);
    for (const signal of SIGNALS) process.off(signal, interrupted);
    remove();
  }
}
