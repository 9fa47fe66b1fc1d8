// Fixed newstyle negotiation, one option at a time: the state of a connection, what the client says, and what it is told.
// The state is plain data: it survives hibernation in the socket's attachment.

import { concat, ProtocolError, u16, u32, u64 } from './bytes.ts';
import {
  ALLOCATION,
  BLOCK_SIZE,
  GREETING,
  HandshakeFlag,
  Info,
  OPTION_DATA_MAX,
  OPTION_HEADER_BYTES,
  OPTION_REPLY_MAGIC,
  Option,
  OptionReply,
  TransmissionFlag,
} from './wire.ts';

/** What is offered: one disk, snapshot or backup. */
export interface ExportInfo {
  /** The id; the empty name means the same. */
  readonly name: string;
  readonly description: string;
  readonly sizeBytes: number;
  readonly isReadOnly: boolean;
}

export interface Negotiation {
  readonly phase: 'flags' | 'options' | 'transmission';
  readonly noZeroes: boolean;
  readonly structured: boolean;
  /** The client has asked for `base:allocation`. */
  readonly allocation: boolean;
}

export const NEW_NEGOTIATION: Negotiation = { phase: 'flags', noZeroes: false, structured: false, allocation: false };

export interface HandshakeStep {
  readonly state: Negotiation;
  readonly reply: Uint8Array;
  /** The client has left. */
  readonly isOver: boolean;
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const utf8 = (value: string) => new TextEncoder().encode(value);

/** What the server says first. */
export function greeting(): Uint8Array {
  const flags = u16(HandshakeFlag.fixedNewstyle | HandshakeFlag.noZeroes);
  return concat([utf8(GREETING.magic), utf8(GREETING.optionMagic), flags]);
}

/** Takes one message of the negotiation: the client's flags, or one option. Throws ProtocolError. */
export function negotiate(state: Negotiation, offered: ExportInfo, message: Uint8Array): HandshakeStep {
  if (state.phase === 'flags') return takeFlags(state, message);
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const isOption = message.length >= OPTION_HEADER_BYTES && text(message.subarray(0, 8)) === GREETING.optionMagic;
  if (!isOption) throw new ProtocolError('no option of the newstyle negotiation');
  const option = view.getUint32(8);
  const data = message.subarray(OPTION_HEADER_BYTES);
  if (view.getUint32(12) !== data.length || data.length > OPTION_DATA_MAX) {
    throw new ProtocolError('the option is not as long as it says');
  }
  return takeOption(state, offered, option, data);
}

function takeFlags(state: Negotiation, message: Uint8Array): HandshakeStep {
  if (message.length !== 4) throw new ProtocolError("the client's flags have four bytes");
  const flags = new DataView(message.buffer, message.byteOffset, 4).getUint32(0);
  const known = HandshakeFlag.fixedNewstyle | HandshakeFlag.noZeroes;
  if ((flags & ~known) !== 0 || (flags & HandshakeFlag.fixedNewstyle) === 0) {
    throw new ProtocolError('the client does not speak the fixed newstyle negotiation, or more than it');
  }
  const noZeroes = (flags & HandshakeFlag.noZeroes) !== 0;
  return { state: { ...state, phase: 'options', noZeroes }, reply: new Uint8Array(0), isOver: false };
}

function takeOption(state: Negotiation, offered: ExportInfo, option: number, data: Uint8Array): HandshakeStep {
  const answer = (...replies: Uint8Array[]) => ({ state, reply: concat(replies), isOver: false });
  const say = (kind: number, body: Uint8Array = new Uint8Array(0)) => optionReply(option, kind, body);
  const refuse = (kind: number, why: string) => answer(say(kind, utf8(why)));
  switch (option) {
    case Option.exportName: {
      // There is no refusing here but to hang up.
      if (!isNameOf(offered, text(data))) throw new ProtocolError('there is no such export');
      const padding = new Uint8Array(state.noZeroes ? 0 : 124);
      const reply = concat([u64(offered.sizeBytes), u16(transmissionFlags(offered)), padding]);
      return { state: { ...state, phase: 'transmission' }, reply, isOver: false };
    }
    case Option.abort:
      return { ...answer(say(OptionReply.ack)), isOver: true };
    case Option.list: {
      if (data.length > 0) return refuse(OptionReply.invalid, 'LIST has no data');
      const name = utf8(offered.name);
      return answer(say(OptionReply.server, concat([u32(name.length), name])), say(OptionReply.ack));
    }
    case Option.info:
    case Option.go: {
      const wanted = readInfoRequest(data);
      if (wanted === null) return refuse(OptionReply.invalid, 'the lengths inside the option are wrong');
      if (!isNameOf(offered, wanted.name)) return refuse(OptionReply.unknown, 'there is no such export');
      const infos = describe(offered, wanted.infos).map((info) => say(OptionReply.info, info));
      const step = answer(...infos, say(OptionReply.ack));
      return option === Option.go ? { ...step, state: { ...state, phase: 'transmission' } } : step;
    }
    case Option.structuredReply:
      if (data.length > 0) return refuse(OptionReply.invalid, 'STRUCTURED_REPLY has no data');
      return { ...answer(say(OptionReply.ack)), state: { ...state, structured: true } };
    case Option.listMetaContext:
    case Option.setMetaContext: {
      const wanted = readContextRequest(data);
      if (wanted === null) return refuse(OptionReply.invalid, 'the lengths inside the option are wrong');
      if (!state.structured) return refuse(OptionReply.invalid, 'contexts need structured replies');
      if (!isNameOf(offered, wanted.name)) return refuse(OptionReply.unknown, 'there is no such export');
      const isSet = option === Option.setMetaContext;
      const allocation =
        wanted.queries.some((query) => matches(query, isSet)) || (!isSet && wanted.queries.length === 0);
      const found = allocation
        ? [say(OptionReply.metaContext, concat([u32(isSet ? ALLOCATION.id : 0), utf8(ALLOCATION.name)]))]
        : [];
      const step = answer(...found, say(OptionReply.ack));
      return isSet ? { ...step, state: { ...state, allocation } } : step;
    }
    default:
      return refuse(OptionReply.unsupported, 'unknown option');
  }
}

function isNameOf(offered: ExportInfo, name: string): boolean {
  return name === '' || name === offered.name;
}

/** A namespace alone stands for all of it, in a list. */
function matches(query: string, isSet: boolean): boolean {
  return query === ALLOCATION.name || (!isSet && query === 'base:');
}

function transmissionFlags({ isReadOnly }: ExportInfo): number {
  // One object decides about every byte, and a reply is sent when its write is durable: what one connection was told holds
  // on all of them.
  const common = TransmissionFlag.hasFlags | TransmissionFlag.df | TransmissionFlag.multiConn | TransmissionFlag.cache;
  if (isReadOnly) return common | TransmissionFlag.readOnly | TransmissionFlag.flush;
  const { flush, fua, trim, writeZeroes, fastZero } = TransmissionFlag;
  return common | flush | fua | trim | writeZeroes | fastZero;
}

/** The bodies of INFO replies: always the size, the rest when it was asked for; block sizes in any case. */
function describe(offered: ExportInfo, infos: readonly number[]): Uint8Array[] {
  const { minBytes, preferredBytes, maxBytes } = BLOCK_SIZE;
  const bodies = [
    concat([u16(Info.export), u64(offered.sizeBytes), u16(transmissionFlags(offered))]),
    concat([u16(Info.blockSize), u32(minBytes), u32(preferredBytes), u32(maxBytes)]),
  ];
  if (infos.includes(Info.name)) bodies.push(concat([u16(Info.name), utf8(offered.name)]));
  if (infos.includes(Info.description)) bodies.push(concat([u16(Info.description), utf8(offered.description)]));
  return bodies;
}

function optionReply(option: number, kind: number, body: Uint8Array): Uint8Array {
  return concat([
    u32(OPTION_REPLY_MAGIC[0]),
    u32(OPTION_REPLY_MAGIC[1]),
    u32(option),
    u32(kind),
    u32(body.length),
    body,
  ]);
}

/** Name and information requests of INFO and GO; null when the lengths do not fit. */
function readInfoRequest(data: Uint8Array): { name: string; infos: number[] } | null {
  const named = readName(data);
  if (named === null || named.rest.length < 2) return null;
  const view = new DataView(named.rest.buffer, named.rest.byteOffset, named.rest.byteLength);
  const count = view.getUint16(0);
  if (named.rest.length !== 2 + 2 * count) return null;
  return { name: named.name, infos: Array.from({ length: count }, (_, i) => view.getUint16(2 + 2 * i)) };
}

/** Name and queries of LIST_META_CONTEXT and SET_META_CONTEXT; null when the lengths do not fit. */
function readContextRequest(data: Uint8Array): { name: string; queries: string[] } | null {
  const named = readName(data);
  if (named === null || named.rest.length < 4) return null;
  const count = new DataView(named.rest.buffer, named.rest.byteOffset, 4).getUint32(0);
  const queries: string[] = [];
  let rest = named.rest.subarray(4);
  for (let i = 0; i < count; i++) {
    const query = readName(rest);
    if (query === null) return null;
    queries.push(query.name);
    rest = query.rest;
  }
  return rest.length === 0 ? { name: named.name, queries } : null;
}

/** A string after its length of four bytes, and what follows it. */
function readName(data: Uint8Array): { name: string; rest: Uint8Array } | null {
  if (data.length < 4) return null;
  const length = new DataView(data.buffer, data.byteOffset, 4).getUint32(0);
  if (length > data.length - 4) return null;
  return { name: text(data.subarray(4, 4 + length)), rest: data.subarray(4 + length) };
}
