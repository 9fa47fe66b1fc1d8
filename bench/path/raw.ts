// Starts the raw peers: the same miniflare, workerd and options as the launcher's, the state in a folder beside the
// service's. A process of its own: the service then runs exactly as its users start it, its resident memory is its own,
// and neither can fill the other's heap or hold the other's only thread. The two never work at the same time.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { Log, LogLevel, Miniflare } from 'miniflare';
import { HOST } from '../../cli/serve/defaults.ts';
import { findOwnWorkerd, STATE_VARIABLE } from '../../cli/serve/orphan.ts';
import { COMPATIBILITY_DATE } from '../../cli/serve/runtime.ts';
import { inRoot } from '../../tools/paths.ts';
import { send, type Target, targetAt } from './wire.ts';

const WORKER = 'bench-raw';

export interface Raw {
  readonly workerdPid: number;
  /** A new raw object, empty. */
  create(): RawDisk;
}

/** A raw object: what a disk is to the service. */
export interface RawDisk {
  /** Rows of that many bytes; each size has a table of its own. */
  rows(rowBytes: number): Target;
  /** The same requests with nothing behind them. */
  nothing(): Target;
  /** Puts all rows of a table into the bucket, in objects of equal size, four at a time. */
  putAll(rowBytes: number, objectBytes: number): Promise<{ puts: number; bytes: number }>;
  delete(): Promise<void>;
}

/** Runs `use` with the raw peers. `folder` is theirs and the service's. */
export async function withRaw<T>(folder: string, use: (raw: Raw) => Promise<T>): Promise<T> {
  const state = join(folder, 'raw');
  mkdirSync(state, { recursive: true });
  const miniflare = new Miniflare({
    host: HOST,
    port: 0,
    enableDevRegistry: false,
    cf: false,
    telemetry: { enabled: false },
    log: new Log(LogLevel.ERROR),
    resourcePersistencePath: state,
    // The launcher finds its own workerd among this process's children by this.
    unsafeRuntimeEnv: { [STATE_VARIABLE]: state },
    workers: [
      {
        config: {
          name: WORKER,
          compatibilityDate: COMPATIBILITY_DATE,
          manifest: {
            mainModule: 'raw.js',
            modulesRoot: state,
            modules: { 'raw.js': { type: 'esm', contents: await bundle() } },
          },
          env: {
            RAW: { type: 'durable-object', worker: WORKER, exportName: 'RawObject' },
            BUCKET: { type: 'r2', name: 'bench-raw' },
          },
          exports: { RawObject: { type: 'durable-object', storage: 'sqlite' } },
        },
      },
    ],
  });
  try {
    const { origin } = await miniflare.ready;
    let made = 0;
    const workerd = findOwnWorkerd(state);
    if (workerd === undefined) throw new Error('the pid of workerd is not known');
    return await use({ workerdPid: workerd.pid, create: () => rawDisk(`${origin}/disk${++made}`) });
  } finally {
    await miniflare.dispose();
  }
}

function rawDisk(url: string): RawDisk {
  return {
    rows: (rowBytes) => targetAt(`raw rows of ${rowBytes}`, `${url}/rows/${rowBytes}`, {}),
    nothing: () => targetAt('nothing', `${url}/nothing/0`, {}),
    async putAll(rowBytes, objectBytes) {
      const said: Uint8Array[] = [];
      await send('POST', `${url}/puts/${rowBytes}/${objectBytes}`, {}, undefined, (chunk) => said.push(chunk));
      return JSON.parse(Buffer.concat(said).toString());
    },
    delete: () => send('DELETE', url, {}),
  };
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [inRoot('bench', 'path', 'raw-worker.ts')],
    write: false,
    bundle: true,
    format: 'esm',
    target: 'es2024',
    external: ['cloudflare:*'],
  });
  return outputFiles[0]!.text;
}
