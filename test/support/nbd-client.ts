// An NBD client that tests drive by hand: simple replies, any number of requests under way, and the socket itself for those
// who want to misbehave.

import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';

const Command = { read: 0, write: 1, disconnect: 2, flush: 3, writeZeroes: 6 } as const;
const GREETING_BYTES = 18;
const SIMPLE_MAGIC = 0x67446698;

interface Waiting {
  readonly readBytes: number;
  readonly done: (data: Buffer) => void;
  readonly fail: (error: Error) => void;
}

/** The server answered with an error. */
export class NbdError extends Error {
  readonly errno: number;

  constructor(errno: number) {
    super(`error ${errno}`);
    this.errno = errno;
  }
}

/** 28 bytes of a request. */
export function requestHeader(type: number, cookie: number, offset: number, length: number): Buffer {
  const header = Buffer.alloc(28);
  header.writeUInt32BE(0x25609513, 0);
  header.writeUInt16BE(type, 6);
  header.writeBigUInt64BE(BigInt(cookie), 8);
  header.writeBigUInt64BE(BigInt(offset), 16);
  header.writeUInt32BE(length, 24);
  return header;
}

export class NbdTestClient {
  readonly socket: Socket;
  readonly sizeBytes: number;
  #held: Buffer = Buffer.alloc(0);
  #cookie = 0;
  readonly #waiting = new Map<number, Waiting>();
  #ended: Error | null = null;

  private constructor(socket: Socket, sizeBytes: number) {
    this.socket = socket;
    this.sizeBytes = sizeBytes;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('close', () => this.#end(new Error('the connection ended')));
  }

  /** Connects to a Unix socket and negotiates the shortest way. */
  static async connect(path: string): Promise<NbdTestClient> {
    const socket = createConnection({ path });
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    await receive(socket, GREETING_BYTES);
    const option = Buffer.alloc(20);
    option.writeUInt32BE(3, 0);
    option.write('IHAVEOPT', 4);
    option.writeUInt32BE(1, 12);
    socket.write(option);
    const reply = await receive(socket, 10);
    return new NbdTestClient(socket, Number(reply.readBigUInt64BE(0)));
  }

  /** Resolves when the write was acknowledged. Rejects with an NbdError, or when the connection ends before. */
  async write(offset: number, bytes: Uint8Array): Promise<void> {
    await this.#ask(Command.write, offset, bytes.length, bytes);
  }

  async zeroes(offset: number, length: number): Promise<void> {
    await this.#ask(Command.writeZeroes, offset, length);
  }

  async flush(): Promise<void> {
    await this.#ask(Command.flush, 0, 0);
  }

  read(offset: number, length: number): Promise<Buffer> {
    return this.#ask(Command.read, offset, length);
  }

  /** Says goodbye. */
  leave(): void {
    this.socket.end(requestHeader(Command.disconnect, 0, 0, 0));
  }

  /** Ends as a process that is killed does. */
  kill(): void {
    this.socket.destroy();
  }

  #ask(type: number, offset: number, length: number, data?: Uint8Array): Promise<Buffer> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    const cookie = ++this.#cookie;
    return new Promise((done, fail) => {
      this.#waiting.set(cookie, { readBytes: type === Command.read ? length : 0, done, fail });
      this.socket.write(requestHeader(type, cookie, offset, length));
      if (data !== undefined) this.socket.write(data);
    });
  }

  #take(chunk: Buffer): void {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    while (this.#held.length >= 16) {
      if (this.#held.readUInt32BE(0) !== SIMPLE_MAGIC) throw new Error('the server sent what is no reply');
      const errno = this.#held.readUInt32BE(4);
      const cookie = Number(this.#held.readBigUInt64BE(8));
      const asked = this.#waiting.get(cookie);
      if (asked === undefined) throw new Error(`a reply to request ${cookie}, which has none or was never made`);
      const length = 16 + (errno === 0 ? asked.readBytes : 0);
      if (this.#held.length < length) return;
      const data = this.#held.subarray(16, length);
      this.#held = this.#held.subarray(length);
      this.#waiting.delete(cookie);
      if (errno === 0) asked.done(data);
      else asked.fail(new NbdError(errno));
    }
  }

  #end(error: Error): void {
    this.#ended = error;
    for (const { fail } of this.#waiting.values()) fail(error);
    this.#waiting.clear();
  }
}

/** The next bytes, before anybody listens to the stream. */
async function receive(socket: Socket, length: number): Promise<Buffer> {
  for (;;) {
    const bytes = socket.read(length) as Buffer | null;
    if (bytes !== null) return bytes;
    if (socket.destroyed || socket.readableEnded) throw new Error('the connection ended in the negotiation');
    await Promise.race([once(socket, 'readable'), once(socket, 'close')]);
  }
}
