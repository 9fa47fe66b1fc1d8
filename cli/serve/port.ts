// Asks for a port before workerd does, because workerd's own words for "in use" help nobody.
import { createServer } from 'node:net';
import { HOST } from './defaults.ts';
import { LaunchError } from './errors.ts';

/** Resolves when the port can be taken; refuses in words when it cannot. Port 0 can always be. */
export function checkPort(port: number): Promise<void> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => fail(portError(port, error.code)));
    server.listen({ port, host: HOST, exclusive: true }, () => server.close(() => done()));
  });
}

/** What to do about a port that cannot be had. */
export function portError(port: number, code: string | undefined): LaunchError {
  if (code === 'EACCES') {
    return new LaunchError(
      `port ${port} needs rights that this user does not have. Use --port 8787 or another above 1023.`,
    );
  }
  const what = code === 'EADDRINUSE' ? 'is in use' : `cannot be used (${code})`;
  return new LaunchError(
    `port ${port} on ${HOST} ${what}. Use --port 0 for any free port, or --port with another number.`,
  );
}
