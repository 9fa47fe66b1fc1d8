// A client of NBD over a WebSocket for tests in workerd: messages as a bridge sends them, replies taken apart.

import { concat, u16, u32, u64 } from '../../worker/nbd/bytes.ts';
import {
  ChunkType,
  Command,
  GREETING,
  Option,
  REQUEST_MAGIC,
  SIMPLE_REPLY_MAGIC,
  STRUCTURED_REPLY_MAGIC,
  TOKEN_BYTES,
} from '../../worker/nbd/wire.ts';
import type { Api } from './api.ts';

export const utf8 = (text: string) => new TextEncoder().encode(text);

/** One reply, simple or structured. */
export interface Reply {
  readonly cookie: number;
  readonly errno: number;
  readonly data: Uint8Array;
  /** Of BLOCK_STATUS: lengths and flags. */
  readonly extents: readonly (readonly [length: number, flags: number])[];
}

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** A request's 28 bytes, and what follows them. */
export function request(
  type: number,
  offset: number,
  length: number,
  more: { cookie?: number; flags?: number; data?: Uint8Array; magic?: number } = {},
): Uint8Array {
  const { cookie = 1, flags = 0, data = new Uint8Array(0), magic = REQUEST_MAGIC } = more;
  return concat([u32(magic), u16(flags), u16(type), u64(cookie), u64(offset), u32(length), data]);
}

export const writeRequest = (offset: number, data: Uint8Array, cookie = 1) =>
  request(Command.write, offset, data.length, { cookie, data });

export function option(number: number, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  return concat([utf8(GREETING.optionMagic), u32(number), u32(data.length), data]);
}

export class NbdSocket {
  readonly closed: Promise<Closed>;
  readonly #socket: WebSocket;
  readonly #messages: Uint8Array[] = [];
  #wake: () => void = () => undefined;
  #end: Closed | null = null;
  /** What the answer to the connection said; null where nothing is attached. */
  readonly attachmentId: string | null;
  /** Of the newest reply; a test may forge it. */
  token = 0;

  constructor(socket: WebSocket, attachmentId: string | null) {
    this.#socket = socket;
    this.attachmentId = attachmentId;
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', ({ data }) => {
      this.#messages.push(new Uint8Array(data as ArrayBuffer));
      this.#wake();
    });
    this.closed = new Promise((done) => {
      socket.addEventListener('close', ({ code, reason }) => {
        this.#end = { code, reason };
        done(this.#end);
        this.#wake();
      });
    });
    socket.accept();
  }

  /** Connects; a request that is not upgraded is an error. */
  static async connect(api: Api, path: string, query = ''): Promise<NbdSocket> {
    const response = await api.send('GET', `/data/v1/{p}/${path}/nbd${query}`, undefined, { Upgrade: 'websocket' });
    if (response.webSocket === null) throw new Error(`${response.status}: ${await response.text()}`);
    return new NbdSocket(response.webSocket, response.headers.get('X-Evs-Attachment'));
  }

  /** Connects and negotiates everything that there is. */
  static async open(api: Api, path: string, query = ''): Promise<NbdSocket> {
    const socket = await NbdSocket.connect(api, path, query);
    await socket.receive();
    await socket.say(u32(3));
    await socket.say(option(Option.structuredReply));
    await socket.say(option(Option.setMetaContext, concat([u32(0), u32(1), u32(15), utf8('base:allocation')])));
    await socket.say(option(Option.go, concat([u32(0), u16(0)])));
    return socket;
  }

  send(content: Uint8Array): void {
    this.#socket.send(concat([u32(this.token), content]));
  }

  sendRaw(message: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(message);
  }

  /** The content of the next message. Throws when the connection has ended. */
  async receive(): Promise<Uint8Array> {
    while (this.#messages.length === 0) {
      if (this.#end !== null) throw new Error(`closed: ${this.#end.code} ${this.#end.reason}`);
      await new Promise<void>((done) => {
        this.#wake = done;
      });
    }
    const message = this.#messages.shift()!;
    this.token = new DataView(message.buffer).getUint32(0);
    return message.subarray(TOKEN_BYTES);
  }

  async say(content: Uint8Array): Promise<Uint8Array> {
    this.send(content);
    return await this.receive();
  }

  /** Sends requests in one message and takes the replies apart. */
  async ask(...requests: Uint8Array[]): Promise<Reply[]> {
    const readBytes = new Map(
      requests.map((bytes) => {
        const view = new DataView(bytes.buffer, bytes.byteOffset);
        return [view.getUint32(12), view.getUint16(6) === Command.read ? view.getUint32(24) : 0];
      }),
    );
    return parseReplies(await this.say(concat(requests)), readBytes);
  }

  close(code = 1000): void {
    this.#socket.close(code);
  }
}

/** Replies of a message; simple ones to reads are followed by as many bytes as were asked for. */
export function parseReplies(message: Uint8Array, readBytes: ReadonlyMap<number, number>): Reply[] {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const replies: Reply[] = [];
  for (let at = 0; at < message.length; ) {
    const magic = view.getUint32(at);
    if (magic === SIMPLE_REPLY_MAGIC) {
      const errno = view.getUint32(at + 4);
      const cookie = view.getUint32(at + 12);
      const bytes = errno === 0 ? (readBytes.get(cookie) ?? 0) : 0;
      replies.push({ cookie, errno, data: message.subarray(at + 16, at + 16 + bytes), extents: [] });
      at += 16 + bytes;
    } else if (magic === STRUCTURED_REPLY_MAGIC) {
      const type = view.getUint16(at + 6);
      const length = view.getUint32(at + 16);
      const body = message.subarray(at + 20, at + 20 + length);
      replies.push({ cookie: view.getUint32(at + 12), ...chunk(type, body) });
      at += 20 + length;
    } else throw new Error(`no reply at ${at}: ${magic.toString(16)}`);
  }
  return replies;
}

function chunk(type: number, body: Uint8Array): Omit<Reply, 'cookie'> {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const nothing = new Uint8Array(0);
  if (type === ChunkType.error) return { errno: view.getUint32(0), data: nothing, extents: [] };
  if (type === ChunkType.offsetData) return { errno: 0, data: body.subarray(8), extents: [] };
  if (type === ChunkType.none) return { errno: 0, data: nothing, extents: [] };
  const extents = Array.from({ length: (body.length - 4) / 8 }, (_, i) => {
    return [view.getUint32(4 + 8 * i), view.getUint32(8 + 8 * i)] as const;
  });
  return { errno: 0, data: nothing, extents };
}
