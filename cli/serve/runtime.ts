// workerd with the worker's bundle, run by miniflare. The bindings are those of wrangler.toml.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Log, LogLevel, Miniflare, MiniflareCoreError, type MiniflareOptions, Response } from 'miniflare';
import type { BundleModules } from '../../tools/bundle.ts';
import { HOST } from './defaults.ts';
import { STATE_VARIABLE } from './orphan.ts';
import { portError } from './port.ts';

/** Same as in wrangler.toml; a test compares them. */
export const COMPATIBILITY_DATE = '2026-10-01';

/** Durable Object classes by binding, all with SQLite storage. */
export const DURABLE_OBJECTS = {
  IDENTITY: 'Identity',
  PROJECT: 'Project',
  DISK: 'Disk',
  ZONE: 'Zone',
  VAULT: 'Vault',
};

/** Name of the worker and of its bucket: part of the state's layout on disk, so never change them. */
const WORKER = 'edge-evs';
const BUCKET = 'edge-evs-obs';

/**
 * How V8 uses memory, in all isolates of the server, miniflare's simulator of object storage among them: a young
 * generation of 1 MiB, and a first look at the old one after 4 MiB. The simulator makes 36 MiB of heap garbage of each 64
 * MiB that are put, and keeps it until then. Nothing is limited by this: heaps that need more grow.
 */
const V8_FLAGS = '--max-semi-space-size=1 --initial-old-space-size=4';

export type LogAmount = 'errors' | 'warnings' | 'everything';

export interface RuntimeOptions {
  readonly port: number;
  readonly bundleFolder: string;
  readonly statePath: string;
  readonly dataPath: string;
  readonly temporaryPath: string;
  /** The worker's text bindings. */
  readonly variables: Readonly<Record<string, string>>;
  readonly log: LogAmount;
  /** Called when workerd crashed and runs again, under another pid. */
  readonly onRestart: () => void;
  /** Gives up a start that is still under way. */
  readonly signal?: AbortSignal;
}

export interface Runtime {
  readonly url: URL;
  /**
   * Takes the object of a class with this name out of memory, as the platform does when it likes. Its sockets sleep on, or
   * are closed, as by a deployment. For tests.
   */
  evict(className: string, name: string, sockets: 'hibernate' | 'close'): Promise<void>;
  dispose(): Promise<void>;
}

/** Starts workerd. Rejects in words when the port is taken. */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const before = signals.map((signal) => new Set(process.listeners(signal)));
  // The only way to give flags to workerd; read again whenever it is restarted. What somebody has set wins.
  process.env.MINIFLARE_WORKERD_V8_FLAGS ??= V8_FLAGS;
  const miniflare = makeMiniflare(options);
  // Miniflare's own handlers leave the process at once, before the state folder is given back: ours end it in order.
  signals.forEach((signal, i) => {
    for (const listener of process.listeners(signal)) if (!before[i]?.has(listener)) process.off(signal, listener);
  });
  const abandon = () => void miniflare.dispose().catch(() => {});
  try {
    options.signal?.addEventListener('abort', abandon);
    const url = await miniflare.ready;
    options.signal?.throwIfAborted();
    return {
      url,
      evict: (className, name, webSockets) =>
        miniflare.unsafeEvictDurableObject(WORKER, className, { name, webSockets }),
      dispose: () => miniflare.dispose(),
    };
  } catch (error) {
    await miniflare.dispose().catch(() => {});
    const taken = error instanceof MiniflareCoreError && error.code === 'ERR_ADDRESS_IN_USE';
    throw taken ? portError(options.port, 'EADDRINUSE') : error;
  } finally {
    options.signal?.removeEventListener('abort', abandon);
  }
}

/** Keeps miniflare's temporary folder inside the state folder: in the system's, a killed launcher would leave it behind. */
function makeMiniflare(options: RuntimeOptions): Miniflare {
  const before = process.env.TMPDIR;
  process.env.TMPDIR = options.temporaryPath;
  try {
    return new Miniflare(miniflareOptions(options));
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
}

function miniflareOptions(options: RuntimeOptions): MiniflareOptions {
  const { bundleFolder, log } = options;
  return {
    host: HOST,
    port: options.port,
    // Nothing of a local server goes outside: no registry of other workers, no request for geographic data, no telemetry.
    enableDevRegistry: false,
    cf: false,
    telemetry: { enabled: false },
    log: new Log(log === 'everything' ? LogLevel.INFO : log === 'warnings' ? LogLevel.WARN : LogLevel.ERROR),
    logRequests: log === 'everything',
    handleStructuredLogs: ({ level, message }) => {
      const severe = level === 'error' || (level === 'warn' && log !== 'errors');
      if (severe) console.error(message);
      else if (log === 'everything') console.log(message);
    },
    resourcePersistencePath: options.dataPath,
    unsafeRuntimeEnv: { [STATE_VARIABLE]: options.statePath },
    unsafeHandleRuntimeRestart: options.onRestart,
    workers: [
      {
        config: {
          name: WORKER,
          compatibilityDate: COMPATIBILITY_DATE,
          manifest: readManifest(bundleFolder),
          env: bindings(options.variables),
          exports: Object.fromEntries(
            Object.values(DURABLE_OBJECTS).map((name) => [name, { type: 'durable-object', storage: 'sqlite' }]),
          ),
        },
        dev: {
          outboundService: {
            type: 'fetcher',
            handler: () => new Response('edge-evs never calls the outside', { status: 502 }),
          },
        },
      },
    ],
  };
}

function readManifest(folder: string) {
  const { main, wasm }: BundleModules = JSON.parse(readFileSync(join(folder, 'modules.json'), 'utf8'));
  return {
    mainModule: main,
    modulesRoot: folder,
    modules: {
      [main]: { type: 'esm' as const, contents: readFileSync(join(folder, main), 'utf8') },
      ...Object.fromEntries(
        wasm.map((name) => [
          name,
          { type: 'wasm' as const, contents: new Uint8Array(readFileSync(join(folder, name))) },
        ]),
      ),
    },
  };
}

function bindings(variables: RuntimeOptions['variables']) {
  return {
    ...Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, { type: 'text' as const, value }])),
    ...Object.fromEntries(
      Object.entries(DURABLE_OBJECTS).map(([name, exportName]) => [
        name,
        { type: 'durable-object' as const, worker: WORKER, exportName },
      ]),
    ),
    OBS: { type: 'r2' as const, name: BUCKET },
  };
}
