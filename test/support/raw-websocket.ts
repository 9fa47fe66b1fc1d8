// A WebSocket to an object that speaks NBD, by hand: whoever holds it decides whether it reads, and what it confirms.

import { once } from 'node:events';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { encodeFrame, FrameReader, Opcode } from '../../cli/nbd/frames.ts';
import type { ApiClient } from './client.ts';

const TOKEN_BYTES = 4;

export class RawWebSocket {
  readonly socket: Socket;
  /** Token of the newest message that was read. */
  token = 0;
  /** Code of the close frame, once it came; 1006 when the connection broke without one. */
  readonly closed: Promise<number>;
  #messages: Buffer[] = [];
  #wake: () => void = () => undefined;
  #code = 0;

  private constructor(socket: Socket, head: Buffer) {
    this.socket = socket;
    const closed = Promise.withResolvers<number>();
    this.closed = closed.promise;
    const reader = new FrameReader(({ opcode, payload }) => {
      if (opcode === Opcode.binary) this.#messages.push(Buffer.from(payload));
      if (opcode === Opcode.close) this.#code = Buffer.from(payload).readUInt16BE(0);
      if (opcode === Opcode.close) closed.resolve(this.#code);
      this.#wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#code ||= 1006;
      closed.resolve(this.#code);
      this.#wake();
    });
    reader.push(head);
    socket.on('data', (chunk: Buffer) => reader.push(chunk));
  }

  /** Connects to what `path` names: volumes/ID, snapshots/ID, backups/ID. */
  static async connect(api: ApiClient, path: string, query = ''): Promise<RawWebSocket> {
    const asked = request(`${api.url}/data/v1/${api.projectId}/${path}/nbd${query}`, {
      headers: {
        'X-Auth-Token': api.token,
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      },
    });
    asked.end();
    const [, socket, head] = await once(asked, 'upgrade');
    return new RawWebSocket(socket, head);
  }

  /** Connects and negotiates the shortest way. */
  static async open(api: ApiClient, path: string, query = ''): Promise<RawWebSocket> {
    const opened = await RawWebSocket.connect(api, path, query);
    await opened.receive();
    opened.send(Buffer.from([0, 0, 0, 3]));
    await opened.receive();
    opened.send(Buffer.concat([Buffer.from('IHAVEOPT'), Buffer.from([0, 0, 0, 1, 0, 0, 0, 0])]));
    await opened.receive();
    return opened;
  }

  /** A message with the newest token. Resolves when TCP has taken it. */
  send(content: Uint8Array): Promise<void> {
    const message = Buffer.alloc(TOKEN_BYTES + content.length);
    message.writeUInt32BE(this.token, 0);
    message.set(content, TOKEN_BYTES);
    return this.sendFrame(Opcode.binary, message);
  }

  sendFrame(opcode: number, payload: Uint8Array): Promise<void> {
    return new Promise((done) => {
      this.socket.write(encodeFrame(opcode, payload), () => done());
    });
  }

  /** The content of the next message. Rejects when the connection has ended. */
  async receive(): Promise<Buffer> {
    while (this.#messages.length === 0) {
      if (this.#code !== 0) throw new Error(`closed: ${this.#code}`);
      await new Promise<void>((done) => {
        this.#wake = done;
      });
    }
    const message = this.#messages.shift()!;
    this.token = message.readUInt32BE(0);
    return message.subarray(TOKEN_BYTES);
  }
}
