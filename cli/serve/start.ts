// startEdgeEvs(): a whole local deployment as one function. `edge-evs serve` is this plus text; tests call it directly.
import { ensureBuilt } from '../../tools/build.ts';
import { type Accounts, demoAccounts } from './accounts.ts';
import { writeCloudsYaml } from './clouds.ts';
import { DEFAULT_PORT, DEFAULT_REGION, defaultZones, HOST } from './defaults.ts';
import { findOwnWorkerd, forgetPids, recordPids } from './orphan.ts';
import { checkPort } from './port.ts';
import { endProcess, type ProcessMark } from './processes.ts';
import { waitUntilHealthy } from './ready.ts';
import { type LogAmount, type Runtime, startRuntime } from './runtime.ts';
import { openState, readOrMakeSecret, type StateFolder } from './state.ts';

export interface StartOptions {
  /** 0 takes any free port. */
  readonly port?: number;
  /** Folder to keep everything in. Absent: a temporary one, deleted by `stop`. */
  readonly state?: string;
  /** Delete the state first. */
  readonly reset?: boolean;
  readonly region?: string;
  /** Names of the availability zones; the first is the default. */
  readonly zones?: readonly string[];
  readonly accounts?: Accounts;
  readonly log?: LogAmount;
  /** A folder with a bundle that is already built; absent: the worker's, built when something is newer. */
  readonly bundleFolder?: string;
  /** Gives up a start that is still under way; `stop` is for later. */
  readonly signal?: AbortSignal;
}

export interface EdgeEvs {
  /** http://127.0.0.1:PORT, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Pid of workerd at this moment. */
  readonly workerdPid: number | undefined;
  readonly statePath: string;
  readonly cloudsYaml: string;
  readonly region: string;
  readonly zones: readonly string[];
  readonly accounts: Accounts;
  /** Pids of workerds left by dead launchers, ended at this start. */
  readonly orphans: readonly number[];
  /** Takes an object out of memory: see Runtime. */
  readonly evict: Runtime['evict'];
  /** Ends workerd and gives the state folder back. Further calls wait for the first. */
  stop(): Promise<void>;
}

/** Starts a server on 127.0.0.1 and resolves when it answers. Rejects with a LaunchError when the caller can help it. */
export async function startEdgeEvs(options: StartOptions = {}): Promise<EdgeEvs> {
  const { port = DEFAULT_PORT, region = DEFAULT_REGION, accounts = demoAccounts() } = options;
  const zones = options.zones ?? defaultZones(region);
  const bundleFolder = options.bundleFolder ?? (await ensureBuilt()).folder;
  options.signal?.throwIfAborted();
  const state = await openState({ folder: options.state, reset: options.reset });
  let runtime: Runtime | undefined;
  let workerd: ProcessMark | undefined;
  const note = () => {
    workerd = findOwnWorkerd(state.path);
    recordPids(state.path, workerd);
  };
  try {
    await checkPort(port);
    runtime = await startRuntime({
      port,
      bundleFolder,
      statePath: state.path,
      dataPath: state.dataPath,
      temporaryPath: state.temporaryPath,
      variables: variables(state, region, zones, accounts),
      log: options.log ?? 'warnings',
      onRestart: note,
      signal: options.signal,
    });
    note();
    const url = `http://${HOST}:${runtime.url.port}`;
    await waitUntilHealthy(url);
    const cloudsYaml = writeCloudsYaml(state.path, { url, region, accounts });
    let stopped: Promise<void> | undefined;
    return {
      url,
      port: Number(runtime.url.port),
      pid: process.pid,
      get workerdPid() {
        return workerd?.pid;
      },
      statePath: state.path,
      cloudsYaml,
      region,
      zones,
      accounts,
      orphans: state.orphans,
      evict: runtime.evict,
      stop() {
        stopped ??= shutDown(state, runtime, workerd);
        return stopped;
      },
    };
  } catch (error) {
    await shutDown(state, runtime, workerd);
    throw error;
  }
}

/** Time that miniflare gets to end in order. What is acknowledged is durable, so workerd may be killed after it. */
const DISPOSE_TIMEOUT_MS = 3000;

async function shutDown(state: StateFolder, runtime?: Runtime, workerd?: ProcessMark): Promise<void> {
  const late = new Promise((done) => setTimeout(done, DISPOSE_TIMEOUT_MS).unref());
  await Promise.race([runtime?.dispose().catch(() => {}), late]);
  if (workerd === undefined || (await endProcess(workerd))) forgetPids(state.path);
  state.release();
}

function variables(state: StateFolder, region: string, zones: readonly string[], accounts: Accounts) {
  return {
    EVS_SECRET: readOrMakeSecret(state.path),
    EVS_ACCOUNTS: JSON.stringify(accounts),
    EVS_REGION: region,
    EVS_ZONES: JSON.stringify(zones.map((name) => ({ name }))),
    EVS_SIMULATION: 'true',
  };
}
