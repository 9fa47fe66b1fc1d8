// The client's side of every transfer: the same request for the service and for the raw peers, so that HTTP costs both the
// same. Connections are kept; a body is sent and received without being copied or kept.

import { Agent, type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** Something that takes and gives bytes at an offset over HTTP: a disk of the service, or rows of a raw object. */
export interface Target {
  readonly name: string;
  /** Resolves when the bytes are acknowledged, so durable. */
  write(offset: number, bytes: Uint8Array): Promise<void>;
  /** Resolves when the last byte has come. `onChunk` sees the bytes; without it they are dropped. */
  read(offset: number, length: number, onChunk?: (chunk: Uint8Array) => void): Promise<void>;
}

const agent = new Agent({ keepAlive: true, maxSockets: 16 });

const HEAR_MS = 20;

/**
 * Call after long preparations: while this process was busy it did not hear that the server closed an idle connection, and
 * `fetch` would send on it.
 */
export const hear = (): Promise<void> => sleep(HEAR_MS);

/** Ends the connections that are kept: without it the process lives until the server closes them. */
export function hangUp(): void {
  agent.destroy();
}

/** A target behind a URL: PUT with Content-Range writes, GET with Range reads. */
export function targetAt(name: string, url: string, headers: Readonly<Record<string, string>>): Target {
  return {
    name,
    async write(offset, bytes) {
      const range = `bytes ${offset}-${offset + bytes.length - 1}/*`;
      await send('PUT', url, { ...headers, 'Content-Range': range, 'Content-Length': `${bytes.length}` }, bytes);
    },
    async read(offset, length, onChunk) {
      let got = 0;
      const range = `bytes=${offset}-${offset + length - 1}`;
      await send('GET', url, { ...headers, Range: range }, undefined, (chunk) => {
        got += chunk.length;
        onChunk?.(chunk);
      });
      if (got !== length) throw new Error(`${name}: ${got} of ${length} bytes came`);
    },
  };
}

/** One request. Rejects when the answer is no success, with what it says. */
export function send(
  method: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  body?: Uint8Array,
  onChunk: (chunk: Uint8Array) => void = () => {},
): Promise<void> {
  return new Promise((done, fail) => {
    const outgoing = request(url, { method, headers, agent }, (answer: IncomingMessage) => {
      const ok = answer.statusCode !== undefined && answer.statusCode < 300;
      let said = '';
      answer.on('data', (chunk: Buffer) => {
        if (ok) onChunk(chunk);
        else said += chunk.toString();
      });
      answer.on('error', fail);
      answer.on('end', () =>
        ok ? done() : fail(new Error(`${method} ${url} answered ${answer.statusCode}: ${said.slice(0, 300)}`)),
      );
      // A connection that breaks off is no end of a body.
      answer.on('close', () => answer.complete || fail(new Error(`${method} ${url}: the answer broke off`)));
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      // A kept connection that the server closed while this process was busy: nothing of the request has arrived.
      if (outgoing.reusedSocket && error.code === 'ECONNRESET') {
        send(method, url, headers, body, onChunk).then(done, fail);
      } else fail(error);
    });
    outgoing.end(body);
  });
}
