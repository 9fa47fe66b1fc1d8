// The transmission phase: one message of whole requests in, one message of their replies out. Everything that a message
// changes is one write of the export; what it reads is read after that, since NBD orders nothing among requests that are
// under way together.

import { EngineError, type EngineErrorCode } from '../../engine/errors.ts';
import { release } from '../../engine/release.ts';
import { concat, ProtocolError } from './bytes.ts';
import type { Change, NbdExport } from './export.ts';
import type { Negotiation } from './handshake.ts';
import { dataReply, doneReply, errorReply, statusReply } from './replies.ts';
import {
  BLOCK_SIZE,
  Command,
  CommandFlag,
  EXTENTS_MAX,
  NbdErrno,
  payloadBytes,
  REQUEST_HEADER_BYTES,
  type RequestHeader,
  readRequestHeader,
} from './wire.ts';

/** A request as it came, and what is wrong with it. */
export interface NbdRequest extends RequestHeader {
  readonly cookie: Uint8Array;
  readonly payload: Uint8Array;
}

/** Why a request is refused; the text goes out with structured replies. */
interface Refused {
  readonly errno: NbdErrno;
  readonly text: string;
}

export interface TransmissionStep {
  readonly reply: Uint8Array<ArrayBuffer>;
  /** The client has said that it leaves. */
  readonly isOver: boolean;
}

const CODE: Partial<Record<EngineErrorCode, NbdErrno>> = {
  unaligned: NbdErrno.inval,
  'out-of-range': NbdErrno.inval,
  full: NbdErrno.nospc,
};

const KNOWN_FLAGS: Readonly<Record<number, number>> = {
  [Command.read]: CommandFlag.df | CommandFlag.fua,
  [Command.write]: CommandFlag.fua,
  [Command.disconnect]: CommandFlag.fua,
  [Command.flush]: CommandFlag.fua,
  [Command.trim]: CommandFlag.fua,
  [Command.cache]: CommandFlag.fua,
  [Command.writeZeroes]: CommandFlag.fua | CommandFlag.noHole | CommandFlag.fastZero,
  [Command.blockStatus]: CommandFlag.fua | CommandFlag.reqOne,
};

/** The requests of a message, which must hold them whole. Throws ProtocolError. */
export function parseRequests(message: Uint8Array): NbdRequest[] {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const requests: NbdRequest[] = [];
  for (let at = 0; at < message.length; ) {
    if (message.length - at < REQUEST_HEADER_BYTES) throw new ProtocolError('the message ends inside a request');
    const header = readRequestHeader(view, at);
    if (header === null) throw new ProtocolError('the magic number of a request is wrong');
    const payloadAt = at + REQUEST_HEADER_BYTES;
    at = payloadAt + payloadBytes(header);
    if (at > message.length) throw new ProtocolError('the message ends inside the data of a write');
    const cookie = message.subarray(header.cookieAt, header.cookieAt + 8);
    requests.push({ ...header, cookie, payload: message.subarray(payloadAt, at) });
    if (header.type === Command.disconnect) break;
  }
  return requests;
}

/**
 * Does what a message asks for. `requests` as `parseRequests` made them. The reply begins with `head`: a mebibyte is put
 * together once.
 */
export async function transmit(
  target: NbdExport,
  state: Negotiation,
  requests: readonly NbdRequest[],
  head: Uint8Array,
): Promise<TransmissionStep> {
  const refusals = requests.map((request) => refusalOf(target, state, request));
  const changes = requests.flatMap((request, i) => (refusals[i] === null ? changeOf(request) : []));
  let failedWrite: Refused | null = null;
  if (changes.length > 0) {
    try {
      await target.write(changes);
    } catch (error) {
      failedWrite = refusalFor(error);
    }
  }
  const parts: Uint8Array[] = [head];
  const used: Uint8Array[] = [];
  let isOver = false;
  for (const [i, request] of requests.entries()) {
    const refused = refusals[i] ?? (changeOf(request).length > 0 ? failedWrite : null);
    if (request.type === Command.disconnect) isOver = true;
    else if (refused !== null) parts.push(...errorReply(state, request.cookie, refused.errno, refused.text));
    else parts.push(...(await replyTo(target, state, request, used)));
  }
  const reply = concat(parts);
  for (const bytes of used) release(bytes);
  return { reply, isOver };
}

async function replyTo(
  target: NbdExport,
  state: Negotiation,
  request: NbdRequest,
  used: Uint8Array[],
): Promise<Uint8Array[]> {
  const { type, flags, cookie, offset, length } = request;
  try {
    if (type === Command.read && length > 0) {
      const bytes = await target.read(offset, length);
      used.push(bytes);
      return dataReply(state, cookie, offset, bytes);
    }
    if (type === Command.blockStatus) {
      const limit = flags & CommandFlag.reqOne ? 1 : EXTENTS_MAX;
      return statusReply(cookie, await target.extents(offset, length, limit));
    }
    return doneReply(state, cookie, type === Command.read);
  } catch (error) {
    const { errno, text } = refusalFor(error);
    return errorReply(state, cookie, errno, text);
  }
}

/** Null for a request that can be tried. */
function refusalOf(target: NbdExport, state: Negotiation, request: NbdRequest): Refused | null {
  const { type, flags, offset, length } = request;
  const known = KNOWN_FLAGS[type];
  if (known === undefined) return { errno: NbdErrno.inval, text: `command ${type} is unknown` };
  if ((flags & ~known) !== 0) return { errno: NbdErrno.inval, text: `command ${type} has unknown flags` };
  // What was answered before is durable already, so flushing is nothing to do.
  if (type === Command.disconnect || type === Command.flush) return null;
  const changes = type === Command.write || type === Command.trim || type === Command.writeZeroes;
  if (changes && target.isReadOnly) return { errno: NbdErrno.perm, text: 'the export is read only' };
  if (offset + length > target.sizeBytes) {
    const errno = type === Command.write || type === Command.writeZeroes ? NbdErrno.nospc : NbdErrno.inval;
    return { errno, text: `the range ends beyond the ${target.sizeBytes} bytes of the export` };
  }
  const moves = type === Command.read || type === Command.write;
  if (moves && length > BLOCK_SIZE.maxBytes) {
    return { errno: NbdErrno.inval, text: `a request has at most ${BLOCK_SIZE.maxBytes} bytes` };
  }
  if (type === Command.blockStatus && (length === 0 || !state.allocation)) {
    return { errno: NbdErrno.inval, text: length === 0 ? 'the range is empty' : 'no context was negotiated' };
  }
  return null;
}

function changeOf({ type, offset, length, payload }: NbdRequest): Change[] {
  if (length === 0) return [];
  if (type === Command.write) return [{ kind: 'bytes', offset, bytes: payload }];
  return type === Command.trim || type === Command.writeZeroes ? [{ kind: 'zeroes', offset, length }] : [];
}

/** A failure as the client is told about it. What is no EngineError is a defect: it goes on. */
function refusalFor(error: unknown): Refused {
  if (!(error instanceof EngineError)) throw error;
  return { errno: CODE[error.code] ?? NbdErrno.io, text: error.message };
}
