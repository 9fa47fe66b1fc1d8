// Stands between NBD clients and a server, passes everything on, and notes in a journal what was written and what was
// acknowledged. It reads the protocol by itself, so that it sees what a client sees.

import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import type { WriteJournal } from './nbd-journal.ts';

const Command = { read: 0, write: 1, trim: 4, writeZeroes: 6 } as const;
const EXPORT_NAME = 1;
const GO = 7;
const ACK = 1;
const GREETING_BYTES = 18;
const REQUEST_BYTES = 28;
const REQUEST_MAGIC = 0x25609513;
const SIMPLE_MAGIC = 0x67446698;
const STRUCTURED_MAGIC = 0x668e33ef;
const OPTION_REPLY_MAGIC = 0x0003e889;

export interface Recorder {
  /** For clients. */
  readonly uri: string;
  readonly path: string;
  close(): void;
}

/** Listens on the Unix socket `path` and passes on to the one at `serverPath`. */
export async function record(journal: WriteJournal, path: string, serverPath: string): Promise<Recorder> {
  const connections = new Set<Recording>();
  const server: Server = createServer((client) => {
    const recording = new Recording(journal, client, createConnection({ path: serverPath }));
    connections.add(recording);
    client.on('close', () => connections.delete(recording));
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    uri: `nbd+unix:///?socket=${path}`,
    path,
    close() {
      server.close();
      for (const recording of connections) recording.end();
    },
  };
}

/** A request whose reply has not come. */
interface Open {
  readonly readBytes: number;
  readonly done: () => void;
}

/** One connection. */
class Recording {
  readonly #journal: WriteJournal;
  readonly #sides: readonly [client: Socket, server: Socket];
  readonly #fromClient = new Bytes();
  readonly #fromServer = new Bytes();
  readonly #open = new Map<string, Open>();
  #phase: 'greeting' | 'flags' | 'options' | 'export name' | 'transmission' = 'greeting';
  #hasZeroes = true;

  constructor(journal: WriteJournal, client: Socket, server: Socket) {
    this.#journal = journal;
    this.#sides = [client, server];
    this.#join(client, server, (chunk) => {
      this.#fromClient.push(chunk);
      while (this.#takeFromClient());
    });
    this.#join(server, client, (chunk) => {
      this.#fromServer.push(chunk);
      while (this.#takeFromServer());
    });
  }

  end(): void {
    for (const side of this.#sides) side.destroy();
  }

  /** Notes before it passes on: what the other side may act on is in the journal already. */
  #join(from: Socket, to: Socket, note: (chunk: Buffer) => void): void {
    from.on('data', (chunk: Buffer) => {
      note(chunk);
      if (!to.write(chunk)) from.pause();
    });
    to.on('drain', () => from.resume());
    from.on('end', () => to.end());
    for (const event of ['error', 'close'] as const) from.on(event, () => this.end());
  }

  #takeFromClient(): boolean {
    if (this.#phase === 'flags') {
      const flags = this.#fromClient.take(4);
      if (flags === null) return false;
      this.#hasZeroes = (flags.readUInt32BE(0) & 2) === 0;
      this.#phase = 'options';
      return true;
    }
    if (this.#phase === 'options') {
      const option = this.#fromClient.takeWhole(16, (header) => header.readUInt32BE(12));
      if (option?.readUInt32BE(8) === EXPORT_NAME) this.#phase = 'export name';
      return option !== null;
    }
    return this.#phase === 'transmission' && this.#takeRequest();
  }

  #takeRequest(): boolean {
    const request = this.#fromClient.takeWhole(REQUEST_BYTES, (header) => {
      if (header.readUInt32BE(0) !== REQUEST_MAGIC) throw new Error('a client sent what is no request');
      return header.readUInt16BE(6) === Command.write ? header.readUInt32BE(24) : 0;
    });
    if (request === null) return false;
    const type = request.readUInt16BE(6);
    const offset = Number(request.readBigUInt64BE(16));
    const length = request.readUInt32BE(24);
    const zeroes = type === Command.trim || type === Command.writeZeroes;
    let done = () => {};
    if (type === Command.write) done = this.#journal.sent(offset, request.subarray(REQUEST_BYTES));
    else if (zeroes) done = this.#journal.zeroed(offset, length);
    this.#open.set(cookieOf(request), { readBytes: type === Command.read ? length : 0, done });
    return true;
  }

  #takeFromServer(): boolean {
    const bytes = this.#fromServer;
    switch (this.#phase) {
      case 'greeting':
        if (bytes.take(GREETING_BYTES) === null) return false;
        this.#phase = 'flags';
        return true;
      case 'export name':
        if (bytes.take(this.#hasZeroes ? 134 : 10) === null) return false;
        this.#phase = 'transmission';
        return true;
      case 'transmission':
        return this.#takeReply();
      default: {
        const reply = bytes.takeWhole(20, (header) => header.readUInt32BE(16));
        if (reply === null) return false;
        if (reply.readUInt32BE(0) !== OPTION_REPLY_MAGIC) throw new Error('the server sent what is no reply');
        if (reply.readUInt32BE(8) === GO && reply.readUInt32BE(12) === ACK) this.#phase = 'transmission';
        return true;
      }
    }
  }

  #takeReply(): boolean {
    const magic = this.#fromServer.peek(4)?.readUInt32BE(0);
    if (magic === undefined) return false;
    return magic === SIMPLE_MAGIC ? this.#takeSimple() : this.#takeChunk();
  }

  #takeSimple(): boolean {
    const isGood = (header: Buffer) => header.readUInt32BE(4) === 0;
    const reply = this.#fromServer.takeWhole(16, (header) =>
      isGood(header) ? this.#open.get(cookieOf(header))!.readBytes : 0,
    );
    if (reply !== null) this.#finish(reply, isGood(reply));
    return reply !== null;
  }

  #takeChunk(): boolean {
    const chunk = this.#fromServer.takeWhole(20, (header) => header.readUInt32BE(16));
    if (chunk === null) return false;
    if (chunk.readUInt32BE(0) !== STRUCTURED_MAGIC) throw new Error('the server sent what is no reply');
    const isLast = (chunk.readUInt16BE(4) & 1) !== 0;
    // The service answers in one chunk: an error is the last one too.
    if (isLast) this.#finish(chunk, (chunk.readUInt16BE(6) & 0x8000) === 0);
    return true;
  }

  #finish(reply: Buffer, isGood: boolean): void {
    const cookie = cookieOf(reply);
    if (isGood) this.#open.get(cookie)?.done();
    this.#open.delete(cookie);
  }
}

/** Both requests and replies have it in the same place. */
function cookieOf(message: Buffer): string {
  return message.toString('hex', 8, 16);
}

/** A stream of bytes, taken from the front. */
class Bytes {
  #held: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): void {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
  }

  /** The next bytes, left where they are. */
  peek(length: number): Buffer | null {
    return this.#held.length < length ? null : this.#held.subarray(0, length);
  }

  /** Null until that many have come. */
  take(length: number): Buffer | null {
    if (this.#held.length < length) return null;
    const taken = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return taken;
  }

  /** A header and the bytes behind it, as many as the header says. */
  takeWhole(headerBytes: number, more: (header: Buffer) => number): Buffer | null {
    if (this.#held.length < headerBytes) return null;
    return this.take(headerBytes + more(this.#held.subarray(0, headerBytes)));
  }
}
