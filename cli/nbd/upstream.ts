// One WebSocket to the object that holds the bytes. Messages in the order in which they came; the end of the connection is
// told once, with the reason. Node's own WebSocket always offers compression, and the platform accepts it: a mebibyte of
// a disk would take as long to compress as to store. So this one is made here, and offers nothing.
import { randomBytes } from 'node:crypto';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { ATTACHMENT_HEADER, CloseCode, KEEP_ALIVE, TOKEN_BYTES } from '../../worker/nbd/wire.ts';
import { encodeFrame, type Frame, FrameReader, Opcode } from './frames.ts';

/** No code of a close frame: the socket broke, or could not be made. */
export const BROKEN = 1006;
const FINAL_CODES: readonly number[] = [
  CloseCode.done,
  CloseCode.protocol,
  CloseCode.policy,
  CloseCode.gone,
  CloseCode.busy,
];

/** The connection ended, or was never made. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
  /** Of the close frame, or BROKEN. */
  readonly code: number;

  constructor(code: number, reason: string) {
    super(reason || `the connection ended (${code})`);
    this.code = code;
  }

  /** Connecting again may help. */
  get isPassing(): boolean {
    return !FINAL_CODES.includes(this.code);
  }
}

/** The service answered, and did not upgrade. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export class Upstream {
  /** What this connection is attached as, to be named when it is made again; null for what is not attached. */
  readonly attachmentId: string | null;
  readonly #socket: Socket;
  readonly #keepAlive: NodeJS.Timeout;
  #heardMs = Date.now();
  /** Frames of a message whose last one has not come. */
  #parts: Uint8Array[] = [];
  /** Messages that nobody has asked for yet. */
  readonly #waiting: Uint8Array[] = [];
  #wanted: { done: (message: Uint8Array) => void; fail: (error: UpstreamError) => void } | null = null;
  #ended: UpstreamError | null = null;

  private constructor(socket: Socket, head: Uint8Array, attachmentId: string | null) {
    this.#socket = socket;
    this.attachmentId = attachmentId;
    const reader = new FrameReader((frame) => this.#take(frame));
    const push = (chunk: Uint8Array) => {
      try {
        reader.push(chunk);
      } catch (error) {
        this.#end(new UpstreamError(BROKEN, String(error)));
      }
    };
    socket.setNoDelay(true);
    socket.on('data', (chunk) => push(chunk as Uint8Array));
    socket.on('error', (error) => this.#end(new UpstreamError(BROKEN, error.message)));
    socket.on('close', () => this.#end(new UpstreamError(BROKEN, 'the connection broke')));
    this.#keepAlive = setInterval(() => this.#check(), KEEP_ALIVE.everyMs);
    this.#keepAlive.unref();
    push(head);
  }

  /** Connects. Rejects with an UpstreamError, or with a RefusedError that has the body of the answer. */
  static connect(url: string, headers: Record<string, string>): Promise<Upstream> {
    return new Promise((done, fail) => {
      const upgrade = {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
      };
      const send = url.startsWith('https:') ? httpsRequest : httpRequest;
      const request = send(url, { headers: { ...headers, ...upgrade } });
      request.on('upgrade', ({ headers: answered }, socket, head) => {
        const attachmentId = answered[ATTACHMENT_HEADER.toLowerCase()] ?? null;
        done(new Upstream(socket as Socket, head, attachmentId as string | null));
      });
      request.on('response', (answer) => void refusalOf(answer).then(fail, fail));
      request.on('error', (error: NodeJS.ErrnoException) => {
        fail(new UpstreamError(BROKEN, `no answer from ${new URL(url).origin} (${error.code ?? error.message})`));
      });
      request.end();
    });
  }

  get isOpen(): boolean {
    return this.#ended === null;
  }

  send(message: Uint8Array): void {
    if (this.#ended === null) this.#socket.write(encodeFrame(Opcode.binary, message));
  }

  /** The next message. Rejects with an UpstreamError when none comes any more. One question at a time. */
  receive(): Promise<Uint8Array> {
    const next = this.#waiting.shift();
    if (next !== undefined) return Promise.resolve(next);
    if (this.#ended !== null) return Promise.reject(this.#ended);
    return new Promise((done, fail) => {
      this.#wanted = { done, fail };
    });
  }

  /** Says goodbye: the disk need not wait for this bridge. */
  close(): void {
    this.#goodbye(CloseCode.done);
    this.#end(new UpstreamError(CloseCode.done, 'closed'));
  }

  #take({ opcode, isFinal, payload }: Frame): void {
    this.#heardMs = Date.now();
    if (opcode === Opcode.ping) this.#socket.write(encodeFrame(Opcode.pong, payload));
    if (opcode === Opcode.close) {
      const code = payload.length < 2 ? BROKEN : (payload[0]! << 8) | payload[1]!;
      this.#goodbye(code);
      this.#end(new UpstreamError(code, new TextDecoder().decode(payload.subarray(2))));
    }
    if (opcode === Opcode.binary) this.#parts = [payload];
    else if (opcode === Opcode.continuation) this.#parts.push(payload);
    else return;
    if (!isFinal) return;
    const message = this.#parts.length === 1 ? payload : Buffer.concat(this.#parts);
    this.#parts = [];
    if (message.length >= TOKEN_BYTES) this.#deliver(message);
  }

  #deliver(message: Uint8Array): void {
    if (this.#wanted === null) this.#waiting.push(message);
    else {
      const { done } = this.#wanted;
      this.#wanted = null;
      done(message);
    }
  }

  #goodbye(code: number): void {
    if (this.#ended !== null || code === BROKEN) return;
    this.#socket.end(encodeFrame(Opcode.close, Uint8Array.of(code >>> 8, code)));
  }

  #end(error: UpstreamError): void {
    if (this.#ended !== null) return;
    this.#ended = error;
    clearInterval(this.#keepAlive);
    // What was written still goes out.
    this.#socket.destroySoon();
    this.#wanted?.fail(error);
    this.#wanted = null;
  }

  #check(): void {
    if (Date.now() - this.#heardMs > KEEP_ALIVE.deadAfterMs) {
      this.#socket.destroy();
      this.#end(new UpstreamError(BROKEN, 'nothing was heard for long'));
    } else this.#socket.write(encodeFrame(Opcode.text, new TextEncoder().encode(KEEP_ALIVE.ask)));
  }
}

async function refusalOf(answer: IncomingMessage): Promise<RefusedError> {
  let body = '';
  for await (const chunk of answer) body += chunk;
  return new RefusedError(answer.statusCode ?? 0, body);
}
