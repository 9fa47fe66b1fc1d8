// The hibernating WebSockets of an object that speaks NBD: a Disk or a Vault. Messages of one socket are answered one after
// the other, so the replies come in the order of the messages. What a socket is, is in its attachment.

import { EngineError } from '../../engine/errors.ts';
import { release } from '../../engine/release.ts';
import { ProtocolError } from './bytes.ts';
import { type ConnectionState, OutstandingError, openConnection, takeMessage } from './connection.ts';
import type { NbdExport } from './export.ts';
import { type Leave, LeaveError } from './leave.ts';
import { ATTACHMENT_HEADER, CloseCode, KEEP_ALIVE, OUTSTANDING_BYTES_MAX, OUTSTANDING_MESSAGES_MAX } from './wire.ts';

/** Who is connected to what. */
export interface Connecting {
  /** What is exported: 'head', or the id of a snapshot or backup. */
  readonly point: string;
  readonly mode: 'rw' | 'ro';
  /** One bridge: all its connections go together. */
  readonly sessionId: string;
  /** One client of it: a new socket of the same connection takes the place of the old one. */
  readonly connectionId: string;
  readonly leave: Leave;
  /** Of a connection that is made again: the attachment it had. Null for a new one. */
  readonly attachmentId: string | null;
}

interface SocketState extends Connecting {
  readonly connection: ConnectionState;
  readonly acceptedMs: number;
}

/** What the sockets need of the object. */
export interface NbdHost {
  /** Whether anything can be asked of the object now; before each message. Throws EngineError. */
  ready(): Promise<void>;
  /**
   * What a socket is about, for one message. Throws EngineError when it is gone. `isOpen`: whether the socket still is; what
   * was closed must not write any more, or it would overtake whoever came after it.
   */
  open(socket: Connecting, isOpen: () => boolean): NbdExport;
  /** Asks for leave again. Throws LeaveError when it was taken back. */
  renew(leave: Leave): Promise<Leave>;
}

/** A socket in memory. */
interface Live {
  state: SocketState;
  /** Ends when everything that came before has been answered. */
  answered: Promise<void>;
  /** Came and were not answered. */
  waitingMessages: number;
  waitingBytes: number;
}

export class NbdSockets {
  readonly #ctx: DurableObjectState;
  readonly #host: NbdHost;
  readonly #live = new WeakMap<WebSocket, Live>();

  constructor(ctx: DurableObjectState, host: NbdHost) {
    this.#ctx = ctx;
    this.#host = host;
  }

  /** Sockets that are open, with what they are connected to. */
  connected(): { socket: WebSocket; about: Connecting }[] {
    const open = this.#ctx.getWebSockets().filter((socket) => socket.readyState === WebSocket.OPEN);
    return open.map((socket) => ({ socket, about: this.#of(socket).state }));
  }

  /** Another bridge that may write; one that has not been heard of for long is hung up on and does not count. */
  otherWriter({ sessionId }: Connecting): Connecting | null {
    for (const { socket, about } of this.connected()) {
      if (about.mode !== 'rw' || about.sessionId === sessionId) continue;
      const heardMs = this.#ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0;
      const lastMs = Math.max(heardMs, this.#of(socket).state.acceptedMs);
      if (Date.now() - lastMs < KEEP_ALIVE.deadAfterMs) return about;
      hangUp(socket, CloseCode.busy, 'nothing was heard of this bridge, and another one has come');
    }
    return null;
  }

  /**
   * Takes a socket in and greets it. The object's own half is accepted; the answer carries the other one, and the attachment
   * that the connection has to name when it is made again.
   */
  accept(about: Connecting, attachmentId: string | null = null): Response {
    for (const { socket, about: other } of this.connected()) {
      if (other.connectionId === about.connectionId)
        hangUp(socket, CloseCode.goingAway, 'the connection was made anew');
    }
    const { 0: client, 1: socket } = new WebSocketPair();
    const { ask, answer } = KEEP_ALIVE;
    this.#ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(ask, answer));
    this.#ctx.acceptWebSocket(socket);
    const { state: connection, reply } = openConnection(newToken());
    this.#remember(socket, { ...about, connection, acceptedMs: Date.now() });
    socket.send(reply);
    const headers: Record<string, string> = attachmentId === null ? {} : { [ATTACHMENT_HEADER]: attachmentId };
    return new Response(null, { status: 101, webSocket: client, headers });
  }

  /** Hangs up at once: a client that upgrades cannot see why a request was refused, but why a socket was closed. */
  refuse(code: number, why: string): Response {
    const { 0: client, 1: socket } = new WebSocketPair();
    socket.accept();
    hangUp(socket, code, why);
    return new Response(null, { status: 101, webSocket: client });
  }

  /** A message came. Resolves when it has been answered. */
  async message(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    const live = this.#of(socket);
    const bytes = typeof message === 'string' ? message.length : message.byteLength;
    // The platform hands over whatever comes, also while earlier messages wait: who sends on and on fills the memory.
    if (live.waitingMessages >= OUTSTANDING_MESSAGES_MAX || live.waitingBytes + bytes > OUTSTANDING_BYTES_MAX) {
      hangUp(socket, CloseCode.policy, 'messages were sent on and on, and no reply was waited for');
    }
    if (socket.readyState !== WebSocket.OPEN) {
      // The other side may go on sending into the closed socket, a gigabyte a second, and nothing else collects this.
      if (typeof message !== 'string') release(new Uint8Array(message));
      return;
    }
    live.waitingMessages += 1;
    live.waitingBytes += bytes;
    live.answered = live.answered.then(() => this.#answer(socket, live, message));
    await live.answered;
    live.waitingMessages -= 1;
    live.waitingBytes -= bytes;
  }

  /** Hangs up on everybody, or on those whom the test names. */
  closeAll(code: number, why: string, which: (about: Connecting) => boolean = () => true): void {
    for (const { socket, about } of this.connected()) if (which(about)) hangUp(socket, code, why);
  }

  async #answer(socket: WebSocket, live: Live, message: string | ArrayBuffer): Promise<void> {
    // What came after the socket was closed by this side may have been sent again on another one.
    const isOpen = () => socket.readyState === WebSocket.OPEN;
    if (!isOpen()) return;
    try {
      if (typeof message === 'string') throw new ProtocolError('messages are binary');
      const leave = await this.#leave(live.state.leave);
      await this.#host.ready();
      if (!isOpen()) return;
      const target = this.#host.open(live.state, isOpen);
      const {
        state: connection,
        reply,
        isOver,
      } = await takeMessage(live.state.connection, target, new Uint8Array(message), newToken());
      if (!isOpen()) return;
      this.#remember(socket, { ...live.state, leave, connection });
      socket.send(reply);
      if (isOver) hangUp(socket, CloseCode.done, 'the client has left');
    } catch (error) {
      hangUp(socket, ...reasonOf(error));
    }
  }

  /** Leave that is good now. */
  async #leave(leave: Leave): Promise<Leave> {
    return leave.untilMs > Date.now() ? leave : await this.#host.renew(leave);
  }

  #of(socket: WebSocket): Live {
    const known = this.#live.get(socket);
    if (known) return known;
    const state = socket.deserializeAttachment() as SocketState;
    const live = { state, answered: Promise.resolve(), waitingMessages: 0, waitingBytes: 0 };
    this.#live.set(socket, live);
    return live;
  }

  #remember(socket: WebSocket, state: SocketState): void {
    socket.serializeAttachment(state);
    this.#of(socket).state = state;
  }
}

/** Never 0, which confirms nothing. */
function newToken(): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0]! || 1) >>> 0;
}

/** Also for sockets that are closed already. */
export function hangUp(socket: WebSocket, code: number, why: string): void {
  try {
    // A reason has at most 123 bytes.
    socket.close(code, new TextDecoder().decode(new TextEncoder().encode(why).subarray(0, 120)));
  } catch {
    // Closed meanwhile: nobody is left to be told.
  }
}

function reasonOf(error: unknown): [code: number, why: string] {
  if (error instanceof ProtocolError) return [CloseCode.protocol, error.message];
  if (error instanceof OutstandingError) return [CloseCode.policy, error.message];
  if (error instanceof LeaveError) return [CloseCode.refused, error.message];
  if (error instanceof EngineError) {
    return [error.code === 'not-found' ? CloseCode.gone : CloseCode.failed, error.message];
  }
  console.error(error);
  return [CloseCode.failed, 'the object failed: see the log of the deployment'];
}
