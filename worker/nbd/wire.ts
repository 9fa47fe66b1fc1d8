// The numbers of the NBD protocol, and what both ends of a connection have to agree about: how a client's requests are cut
// into messages. Source: doc/proto.md of the NBD project. Nothing here knows of sockets: the bridge uses it too.

export const GREETING = { magic: 'NBDMAGIC', optionMagic: 'IHAVEOPT' } as const;
export const OPTION_REPLY_MAGIC = [0x0003e889, 0x045565a9] as const;
export const REQUEST_MAGIC = 0x25609513;
export const SIMPLE_REPLY_MAGIC = 0x67446698;
export const STRUCTURED_REPLY_MAGIC = 0x668e33ef;

/** Of the server's greeting; the client's flags are the same two bits. */
export const HandshakeFlag = { fixedNewstyle: 1, noZeroes: 2 } as const;

export const Option = {
  exportName: 1,
  abort: 2,
  list: 3,
  info: 6,
  go: 7,
  structuredReply: 8,
  listMetaContext: 9,
  setMetaContext: 10,
} as const;

export const OptionReply = {
  ack: 1,
  server: 2,
  info: 3,
  metaContext: 4,
  unsupported: 0x8000_0001,
  invalid: 0x8000_0003,
  unknown: 0x8000_0006,
  tooBig: 0x8000_0009,
} as const;

export const Info = { export: 0, name: 1, description: 2, blockSize: 3 } as const;

export const TransmissionFlag = {
  hasFlags: 1,
  readOnly: 2,
  flush: 4,
  fua: 8,
  trim: 32,
  writeZeroes: 64,
  df: 128,
  multiConn: 256,
  cache: 1024,
  fastZero: 2048,
} as const;

export const Command = {
  read: 0,
  write: 1,
  disconnect: 2,
  flush: 3,
  trim: 4,
  cache: 5,
  writeZeroes: 6,
  blockStatus: 7,
} as const;

export const CommandFlag = { fua: 1, noHole: 2, df: 4, reqOne: 8, fastZero: 16 } as const;

/** Errors of replies: Linux's numbers, whatever the client runs on. */
export const NbdErrno = { perm: 1, io: 5, inval: 22, nospc: 28, notsup: 95, shutdown: 108 } as const;
export type NbdErrno = (typeof NbdErrno)[keyof typeof NbdErrno];

export const ChunkType = { none: 0, offsetData: 1, blockStatus: 5, error: 0x8001 } as const;
export const CHUNK_DONE = 1;

/** The one metadata context, and its id on every connection. */
export const ALLOCATION = { name: 'base:allocation', id: 1, hole: 1, zero: 2 } as const;

/** What a client may count on: any byte can be written, whole pages are better, and nothing is longer than a mebibyte. */
export const BLOCK_SIZE = { minBytes: 1, preferredBytes: 4_096, maxBytes: 1_048_576 } as const;

export const OPTION_HEADER_BYTES = 16;
/** A name has at most 4,096 bytes; whoever needs more than this means no good. */
export const OPTION_DATA_MAX = 65_536;
export const REQUEST_HEADER_BYTES = 28;

/** Before what NBD says, each message has a token: see docs/design/0008-nbd.md. */
export const TOKEN_BYTES = 4;
/** A request may be as long as all that a message has by itself. */
export const MESSAGE_BYTES_MAX = TOKEN_BYTES + REQUEST_HEADER_BYTES + BLOCK_SIZE.maxBytes;
/** Replies that may lie between the object and the client at any time: the platform knows no backpressure on sends. */
export const OUTSTANDING_BYTES_MAX = 8 * 2 ** 20;
/** Messages without a reply, or whose reply has not been confirmed. */
export const OUTSTANDING_MESSAGES_MAX = 32;

/** Extents of one BLOCK_STATUS reply. */
export const EXTENTS_MAX = 1_024;
/** A reply without its data: the longest header of a chunk and the longest error text. */
const REPLY_OVERHEAD_BYTES = 256;

/** Of the answer to a connection: what it was attached as. Who connects again names it, or is a new client. */
export const ATTACHMENT_HEADER = 'X-Evs-Attachment';

/** Why a connection is closed. From 4000 on the codes are ours. */
export const CloseCode = {
  done: 1000,
  goingAway: 1001,
  protocol: 1002,
  policy: 1008,
  failed: 1011,
  refused: 4401,
  gone: 4404,
  busy: 4409,
} as const;

/** Text messages that keep a connection known to be alive; the platform answers them without waking the object. */
export const KEEP_ALIVE = { ask: 'ping', answer: 'pong', everyMs: 10_000, deadAfterMs: 45_000 } as const;

export interface RequestHeader {
  readonly flags: number;
  readonly type: number;
  /** Offset of the eight bytes that the reply repeats, in the buffer that the header was read from. */
  readonly cookieAt: number;
  /** Loses precision beyond 2^53, which no disk has. */
  readonly offset: number;
  readonly length: number;
}

/** The header at `at`; null when the magic is wrong. The buffer must hold 28 bytes from there. */
export function readRequestHeader(view: DataView, at: number): RequestHeader | null {
  if (view.getUint32(at) !== REQUEST_MAGIC) return null;
  return {
    flags: view.getUint16(at + 4),
    type: view.getUint16(at + 6),
    cookieAt: at + 8,
    offset: view.getUint32(at + 16) * 2 ** 32 + view.getUint32(at + 20),
    length: view.getUint32(at + 24),
  };
}

/**
 * Bytes that follow a header inside a message. A write that is too long comes without them: the bridge throws them away,
 * and the object refuses the write.
 */
export function payloadBytes({ type, length }: RequestHeader): number {
  return type === Command.write && length <= BLOCK_SIZE.maxBytes ? length : 0;
}

/** More than the reply to a request will ever have. */
export function replyBytesMax({ type, length }: RequestHeader): number {
  if (type === Command.read && length <= BLOCK_SIZE.maxBytes) return REPLY_OVERHEAD_BYTES + length;
  return type === Command.blockStatus ? REPLY_OVERHEAD_BYTES + 8 * EXTENTS_MAX : REPLY_OVERHEAD_BYTES;
}
