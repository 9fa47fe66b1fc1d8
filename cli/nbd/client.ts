// One NBD client: its bytes go to the object in messages, the replies come back. A connection that breaks is made again,
// negotiated as before, and given everything that has no reply: all of it is reading, or writing the same once more.
import type { Socket } from 'node:net';
import {
  CloseCode,
  Option,
  OptionReply,
  OUTSTANDING_BYTES_MAX,
  OUTSTANDING_MESSAGES_MAX,
  TOKEN_BYTES,
} from '../../worker/nbd/wire.ts';
import { CutError, Cutter, type Message } from './cutter.ts';
import { type Upstream, UpstreamError } from './upstream.ts';

/** Messages under way: while one is being done, the next ones travel. */
const LARGE_UNDER_WAY_MAX = 4;
/** Small ones wait for the one before, so that the requests which come meanwhile share a commit. */
const SMALL_UNDER_WAY_MAX = 1;
/** So many together need not wait for more: one message is done while the next one travels. */
const GATHERED_MIN = 16;
const GATHERED_UNDER_WAY_MAX = 2;
const LARGE_BYTES = 262_144;
/** Replies that a client has not taken; the object allows twice as many, and the bytes are counted apart. */
const LYING_MAX = OUTSTANDING_MESSAGES_MAX / 2;

/** Where the objects are. */
export interface Dialer {
  /**
   * A connection and its greeting. `attachmentId`: of one that is made again; null for a new client. Rejects when it is
   * final: others may have used the disk meanwhile.
   */
  connect(connectionId: string, attachmentId: string | null): Promise<{ upstream: Upstream; greeting: Uint8Array }>;
}

export interface FirstConnection {
  readonly connectionId: string;
  readonly upstream: Upstream;
  readonly greeting: Uint8Array;
}

export class NbdClient {
  readonly #tcp: Socket;
  readonly #dialer: Dialer;
  readonly #connectionId: string;
  readonly #greeting: Uint8Array;
  readonly #cutter = new Cutter();
  #upstream: Upstream;
  /** Wakes whoever waits for the client. */
  #wake: (() => void) | null = null;
  /** What was negotiated, to be said again on a new connection. */
  readonly #negotiated: Message[] = [];
  /** Sent, without a reply yet. */
  #unanswered: Message[] = [];
  /** Bytes of replies that were asked for and have not gone out to the client. */
  #outstandingBytes = 0;
  /** Replies that wait for the client to take them. */
  #lying = 0;
  /** Of the newest reply that has gone out. */
  #confirmed = 0;
  /** False while a new connection is being negotiated. */
  #isReady = true;
  #isOver = false;

  constructor(tcp: Socket, dialer: Dialer, first: FirstConnection) {
    this.#tcp = tcp;
    this.#dialer = dialer;
    this.#connectionId = first.connectionId;
    this.#upstream = first.upstream;
    this.#greeting = first.greeting;
    tcp.setNoDelay(true);
    tcp.on('data', (chunk) => this.#takeIn(chunk as Uint8Array));
    for (const event of ['end', 'close', 'error'] as const) tcp.on(event, () => this.end());
  }

  /** Serves until the client leaves. Resolves to what went wrong, for people; null when nothing did. */
  async serve(): Promise<string | null> {
    try {
      this.#forward(this.#greeting);
      if (await this.#negotiate()) await this.#transmit();
      return null;
    } catch (error) {
      if (this.#isOver) return null;
      if (error instanceof UpstreamError || error instanceof CutError) return error.message;
      throw error;
    } finally {
      this.end();
    }
  }

  /** Ends both sides. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#upstream.close();
    this.#tcp.end();
    this.#tcp.destroySoon();
    this.#wake?.();
  }

  #takeIn(chunk: Uint8Array): void {
    this.#cutter.push(chunk);
    if (this.#cutter.isFull) this.#tcp.pause();
    this.#wake?.();
  }

  /** Waits until the client has sent more. */
  async #more(): Promise<void> {
    if (this.#isOver) throw new UpstreamError(CloseCode.done, 'the client has left');
    await new Promise<void>((done) => {
      this.#wake = done;
    });
    this.#wake = null;
  }

  /** True when the transmission begins, false when the client left before. */
  async #negotiate(): Promise<boolean> {
    let flags = this.#cutter.takeFlags();
    for (; flags === null; flags = this.#cutter.takeFlags()) await this.#more();
    this.#forward(await this.#exchange(flags));
    this.#negotiated.push(flags);
    for (;;) {
      const message = this.#cutter.takeOption();
      if (message === null) {
        await this.#more();
        continue;
      }
      const reply = await this.#exchange(message);
      this.#forward(reply);
      if (message.option === Option.abort) return false;
      if (changesState(message.option, reply)) this.#negotiated.push(message);
      if (message.option === Option.exportName) return true;
      if (message.option === Option.go && lastReplyOf(reply) === OptionReply.ack) return true;
    }
  }

  /** Sends one message and waits for its reply, over as many connections as it takes. */
  async #exchange(message: Message): Promise<Uint8Array> {
    for (;;) {
      try {
        this.#send(message);
        return await this.#upstream.receive();
      } catch (error) {
        await this.#reconnect(error);
      }
    }
  }

  async #transmit(): Promise<void> {
    const sending = this.#sendRequests();
    // Looked at below; until then it is not unhandled.
    sending.catch(() => undefined);
    const receiving = this.#receiveReplies();
    receiving.catch(() => undefined);
    await Promise.race([sending, receiving]);
  }

  async #sendRequests(): Promise<never> {
    for (;;) {
      while (this.#maySend) {
        const message = this.#cutter.takeRequests(OUTSTANDING_BYTES_MAX - this.#outstandingBytes);
        if (message === null) break;
        this.#outstandingBytes += message.replyBytesMax;
        this.#unanswered.push(message);
        if (this.#isReady) this.#send(message);
      }
      if (!this.#cutter.isFull && this.#tcp.isPaused()) this.#tcp.resume();
      await this.#more();
    }
  }

  get #maySend(): boolean {
    const underWay = this.#unanswered.length;
    if (underWay + this.#lying >= LYING_MAX) return false;
    if (underWay < SMALL_UNDER_WAY_MAX) return true;
    if (underWay < GATHERED_UNDER_WAY_MAX && this.#cutter.holds(GATHERED_MIN)) return true;
    // Large ones gain nothing by waiting.
    const last = this.#unanswered.at(-1)!;
    return underWay < LARGE_UNDER_WAY_MAX && Math.max(last.bytes.length, last.replyBytesMax) >= LARGE_BYTES;
  }

  async #receiveReplies(): Promise<never> {
    for (;;) {
      try {
        const reply = await this.#upstream.receive();
        const { replyBytesMax } = this.#unanswered.shift()!;
        this.#forward(reply, replyBytesMax);
        this.#wake?.();
      } catch (error) {
        await this.#reconnect(error);
      }
    }
  }

  /** Passes a reply on. What was reserved for it is free when the client has taken it. */
  #forward(reply: Uint8Array, reservedBytes = 0): void {
    const upstream = this.#upstream;
    const token = tokenOf(reply);
    this.#lying += 1;
    this.#tcp.write(reply.subarray(TOKEN_BYTES), () => {
      this.#lying -= 1;
      this.#outstandingBytes -= reservedBytes;
      // Another connection has other tokens.
      if (upstream === this.#upstream) this.#confirmed = token;
      this.#wake?.();
    });
  }

  #send(message: Message): void {
    new DataView(message.bytes.buffer).setUint32(0, this.#confirmed);
    this.#upstream.send(message.bytes);
  }

  /** Connects again, negotiates as before, and sends what has no reply. Throws the cause when that cannot help. */
  async #reconnect(cause: unknown): Promise<void> {
    if (!(cause instanceof UpstreamError) || !cause.isPassing || this.#isOver) throw cause;
    this.#isReady = false;
    const { attachmentId } = this.#upstream;
    for (;;) {
      const { upstream, greeting } = await this.#dialer.connect(this.#connectionId, attachmentId);
      this.#upstream = upstream;
      // What is only read here goes no further, so it is confirmed at once.
      this.#confirmed = tokenOf(greeting);
      try {
        for (const message of this.#negotiated) {
          this.#send(message);
          this.#confirmed = tokenOf(await upstream.receive());
        }
        for (const message of this.#unanswered) this.#send(message);
        this.#isReady = true;
        return;
      } catch (error) {
        if (!(error instanceof UpstreamError) || !error.isPassing) throw error;
      }
    }
  }
}

/** Options that a new connection has to hear again. */
function changesState(option: number, reply: Uint8Array): boolean {
  if (option === Option.exportName) return true;
  const isLasting = option === Option.structuredReply || option === Option.setMetaContext || option === Option.go;
  return isLasting && lastReplyOf(reply) === OptionReply.ack;
}

/** Kind of the last of the option replies in a message; 0 when there is none. */
function lastReplyOf(message: Uint8Array): number {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  let kind = 0;
  for (let at = TOKEN_BYTES; at + 20 <= message.length; at += 20 + view.getUint32(at + 16)) {
    kind = view.getUint32(at + 12);
  }
  return kind;
}

function tokenOf(message: Uint8Array): number {
  return new DataView(message.buffer, message.byteOffset).getUint32(0);
}
