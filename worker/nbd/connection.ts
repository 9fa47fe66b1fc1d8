// One connection, whatever carries it: which phase it is in, which replies the client has confirmed, and what one message
// makes of it. The state is plain data, kept in the socket's attachment, so the object may sleep between any two messages.

import { concat, ProtocolError, u32 } from './bytes.ts';
import type { NbdExport } from './export.ts';
import { type ExportInfo, greeting, NEW_NEGOTIATION, type Negotiation, negotiate } from './handshake.ts';
import { parseRequests, transmit } from './transmission.ts';
import {
  MESSAGE_BYTES_MAX,
  OUTSTANDING_BYTES_MAX,
  OUTSTANDING_MESSAGES_MAX,
  replyBytesMax,
  TOKEN_BYTES,
} from './wire.ts';

export interface ConnectionState {
  readonly negotiation: Negotiation;
  /** Replies that the client has not confirmed: the token and the bytes of each, in order. */
  readonly unconfirmed: readonly (readonly [token: number, bytes: number])[];
  /** Token of the newest reply that it has. */
  readonly confirmed: number;
}

/** The client lets too many replies lie: the connection is closed. */
export class OutstandingError extends Error {
  override readonly name = 'OutstandingError';
}

export interface Step {
  readonly state: ConnectionState;
  readonly reply: Uint8Array<ArrayBuffer>;
  readonly isOver: boolean;
}

/** The first message of a connection. `token`: a random number that the client cannot know before it has the message. */
export function openConnection(token: number): Step {
  const state = { negotiation: NEW_NEGOTIATION, unconfirmed: [], confirmed: 0 };
  return sent(state, concat([u32(token), greeting()]), token, false);
}

/**
 * Takes a message and makes the reply to it. Throws ProtocolError and OutstandingError, before anything is done, and what is
 * a defect. `target` is asked for the export only when it is needed.
 */
export async function takeMessage(
  before: ConnectionState,
  target: NbdExport,
  message: Uint8Array,
  token: number,
): Promise<Step> {
  if (message.length < TOKEN_BYTES || message.length > MESSAGE_BYTES_MAX) {
    throw new ProtocolError(`a message has ${TOKEN_BYTES} to ${MESSAGE_BYTES_MAX} bytes`);
  }
  const state = confirm(before, new DataView(message.buffer, message.byteOffset).getUint32(0));
  const content = message.subarray(TOKEN_BYTES);
  const { negotiation } = state;
  if (negotiation.phase !== 'transmission') {
    makeRoom(state, 0);
    const step = negotiate(negotiation, infoOf(target), content);
    return sent({ ...state, negotiation: step.state }, concat([u32(token), step.reply]), token, step.isOver);
  }
  const requests = parseRequests(content);
  makeRoom(
    state,
    requests.reduce((sum, request) => sum + replyBytesMax(request), 0),
  );
  const { reply, isOver } = await transmit(target, negotiation, requests, u32(token));
  return sent(state, reply, token, isOver);
}

function infoOf({ name, description, sizeBytes, isReadOnly }: NbdExport): ExportInfo {
  return { name, description, sizeBytes, isReadOnly };
}

/** The client has everything up to the reply with this token. It cannot guess one that it has not been sent. */
function confirm(state: ConnectionState, token: number): ConnectionState {
  if (token === state.confirmed) return state;
  const at = state.unconfirmed.findIndex(([sentToken]) => sentToken === token);
  if (at < 0) throw new ProtocolError('the message confirms a reply that was never sent');
  return { ...state, confirmed: token, unconfirmed: state.unconfirmed.slice(at + 1) };
}

/** Refuses what might bring the unread replies beyond the bound. */
function makeRoom({ unconfirmed }: ConnectionState, replyBytes: number): void {
  const lying = unconfirmed.reduce((sum, [, bytes]) => sum + bytes, 0);
  const tooMany = unconfirmed.length >= OUTSTANDING_MESSAGES_MAX;
  if (tooMany || lying + replyBytes > OUTSTANDING_BYTES_MAX) {
    throw new OutstandingError(`${lying} bytes of replies were not read, and ${replyBytes} more were asked for`);
  }
}

/** `reply` begins with its token, which does not count. */
function sent(state: ConnectionState, reply: Uint8Array<ArrayBuffer>, token: number, isOver: boolean): Step {
  const bytes = reply.length - TOKEN_BYTES;
  return { state: { ...state, unconfirmed: [...state.unconfirmed, [token, bytes]] }, reply, isOver };
}
