// `edge-evs nbd`: listens for NBD clients and carries their bytes to the object that holds the disk.
import { once } from 'node:events';
import { unlinkSync } from 'node:fs';
import { type AddressInfo, createConnection, createServer, type Server } from 'node:net';
import { HOST } from '../serve/defaults.ts';
import { LaunchError } from '../serve/errors.ts';
import { portError } from '../serve/port.ts';
import { NbdClient } from './client.ts';
import { BridgeDialer, type Source } from './dialer.ts';
import { type AccountFlags, accountOf } from './service.ts';
import { UpstreamError } from './upstream.ts';

export interface NbdFlags extends AccountFlags {
  readonly snapshot?: boolean;
  readonly backup?: boolean;
  readonly readOnly?: boolean;
  readonly port: number;
  readonly socket?: string;
  readonly json?: boolean;
}

/** Serves until a signal comes, or the disk cannot be had any more. Resolves to the exit code. */
export async function nbd(id: string, flags: NbdFlags): Promise<number> {
  const dialer = new BridgeDialer(accountOf(flags, process.env), sourceOf(id, flags));
  const clients = new Set<NbdClient>();
  const ended = Promise.withResolvers<number>();
  const fail = (error: unknown) => {
    console.error(`edge-evs: ${error instanceof Error ? error.message : error}`);
    ended.resolve(1);
  };
  await dialer.prepare().catch(asLaunchError);
  const server = createServer({ noDelay: true }, async (tcp) => {
    // Until it is served: a client that leaves at once is no reason to end.
    tcp.on('error', () => undefined);
    try {
      const client = new NbdClient(tcp, dialer, await dialer.take());
      clients.add(client);
      const trouble = await client.serve();
      clients.delete(client);
      if (trouble !== null) console.error(`edge-evs: a client was hung up on: ${trouble}`);
    } catch (error) {
      tcp.destroy();
      fail(error);
    }
  });
  const uri = await listen(server, flags);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => ended.resolve(0));
  console.log(flags.json ? JSON.stringify({ uri, pid: process.pid }) : `Ready: ${uri} (Ctrl-C ends)`);
  const code = await ended.promise;
  server.close();
  for (const client of clients) client.end();
  await dialer.close();
  // Clients that do not let go are not waited for.
  setTimeout(() => process.exit(code), 200).unref();
  return code;
}

function sourceOf(id: string, { snapshot, backup, readOnly }: NbdFlags): Source {
  if (snapshot) return { kind: 'snapshot', id, mode: 'ro' };
  if (backup) return { kind: 'backup', id, mode: 'ro' };
  return { kind: 'volume', id, mode: readOnly ? 'ro' : 'rw' };
}

function asLaunchError(error: unknown): never {
  throw error instanceof UpstreamError ? new LaunchError(error.message) : error;
}

/** Listens, and resolves to the address for clients. */
async function listen(server: Server, { socket, port }: NbdFlags): Promise<string> {
  try {
    if (socket !== undefined) await removeStale(socket);
    server.listen(socket === undefined ? { host: HOST, port } : { path: socket });
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof LaunchError) throw error;
    throw socket === undefined ? portError(port, code) : new LaunchError(`${socket} cannot be listened on (${code}).`);
  }
  const address = server.address() as AddressInfo;
  return socket === undefined ? `nbd://${HOST}:${address.port}` : `nbd+unix:///?socket=${socket}`;
}

/** A socket that nobody listens on was left by a bridge that was killed. */
async function removeStale(path: string): Promise<void> {
  const probe = createConnection({ path });
  try {
    await once(probe, 'connect');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') unlinkSync(path);
    return;
  } finally {
    probe.destroy();
  }
  throw new LaunchError(`another program listens on ${path}.`);
}
