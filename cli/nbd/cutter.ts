// Cuts what an NBD client sends into messages: the flags and options of the negotiation one by one, then as many whole
// requests as have come. Whole ones, because the object may sleep between two messages and would lose the half of one, and
// because a message without an answer is sent again after a new connection.
import {
  BLOCK_SIZE,
  Command,
  OPTION_DATA_MAX,
  OPTION_HEADER_BYTES,
  payloadBytes,
  REQUEST_HEADER_BYTES,
  readRequestHeader,
  replyBytesMax,
  TOKEN_BYTES,
} from '../../worker/nbd/wire.ts';

/** Requests of one message together have at most what the largest one has. */
const CONTENT_BYTES_MAX = REQUEST_HEADER_BYTES + BLOCK_SIZE.maxBytes;
/** Reads of one message: one of the largest, or many small ones. */
const REPLY_BYTES_MAX = BLOCK_SIZE.maxBytes + 65_536;
/** More than this is not taken in before something has gone out. */
const FULL_BYTES = 2 * CONTENT_BYTES_MAX;
/** Room behind it for what was under way when the client was told to wait. */
const CAPACITY_BYTES = FULL_BYTES + 1_048_576;
/** Data of a write that is refused for its length are thrown away up to here; beyond it nothing good can come. */
const THROWN_AWAY_MAX = 32 * 2 ** 20;

/** The client does not speak NBD, or says what cannot be answered. */
export class CutError extends Error {
  override readonly name = 'CutError';
}

export interface Message {
  /** Room for the token, then what the client said. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** More than the replies to it will have. */
  readonly replyBytesMax: number;
  readonly requests: number;
}

export class Cutter {
  readonly #buffer = new Uint8Array(CAPACITY_BYTES);
  readonly #view = new DataView(this.#buffer.buffer);
  #start = 0;
  #end = 0;
  /** Bytes of a refused write that are still to come. */
  #toThrowAway = 0;

  /** Whether the client should wait with more. */
  get isFull(): boolean {
    return this.#end - this.#start >= FULL_BYTES;
  }

  /** Takes in what the client has sent. At most a mebibyte, and none while it is full but for the last piece. */
  push(chunk: Uint8Array): void {
    const thrown = Math.min(this.#toThrowAway, chunk.length);
    this.#toThrowAway -= thrown;
    if (this.#end + chunk.length - thrown > this.#buffer.length) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    this.#buffer.set(thrown === 0 ? chunk : chunk.subarray(thrown), this.#end);
    this.#end += chunk.length - thrown;
  }

  /** The client's flags; null until they have come. */
  takeFlags(): Message | null {
    return this.#length < 4 ? null : this.#cut(4, 0, 1);
  }

  /** One option; null until it has come. Throws CutError. */
  takeOption(): (Message & { readonly option: number }) | null {
    if (this.#length < OPTION_HEADER_BYTES) return null;
    const option = this.#view.getUint32(this.#start + 8);
    const dataBytes = this.#view.getUint32(this.#start + 12);
    if (dataBytes > OPTION_DATA_MAX) throw new CutError(`an option of ${dataBytes} bytes`);
    const bytes = OPTION_HEADER_BYTES + dataBytes;
    return this.#length < bytes ? null : { ...this.#cut(bytes, 0, 1), option };
  }

  /**
   * Requests that have come whole, as many as one message takes and the replies to which have at most `replyRoom` bytes;
   * null when there is none. Throws CutError when what comes next is no request.
   */
  takeRequests(replyRoom: number): Message | null {
    let at = this.#start;
    let replies = 0;
    let requests = 0;
    while (this.#end - at >= REQUEST_HEADER_BYTES) {
      const header = readRequestHeader(this.#view, at);
      if (header === null) {
        if (requests > 0) break;
        throw new CutError('the magic number of a request is wrong');
      }
      const next = at + REQUEST_HEADER_BYTES + payloadBytes(header);
      const replyBytes = replies + replyBytesMax(header);
      const isTooMuch = next - this.#start > CONTENT_BYTES_MAX || replyBytes > REPLY_BYTES_MAX;
      if (next > this.#end || replyBytes > replyRoom || (requests > 0 && isTooMuch)) break;
      replies = replyBytes;
      requests += 1;
      at = next;
      const isRefused = header.type === Command.write && header.length > BLOCK_SIZE.maxBytes;
      if (isRefused) return this.#cutRefused(at - this.#start, replies, requests, header.length);
    }
    return requests === 0 ? null : this.#cut(at - this.#start, replies, requests);
  }

  /** True when so many requests have come whole. Also when something else has: it is not worth waiting for more. */
  holds(requests: number): boolean {
    let at = this.#start;
    for (let i = 0; i < requests; i++) {
      const header = this.#end - at < REQUEST_HEADER_BYTES ? undefined : readRequestHeader(this.#view, at);
      if (!header) return header === null;
      at += REQUEST_HEADER_BYTES + payloadBytes(header);
    }
    return at <= this.#end;
  }

  get #length(): number {
    return this.#end - this.#start;
  }

  /** The last request is a write that is too long: what it wanted to write is not passed on. */
  #cutRefused(bytes: number, replies: number, requests: number, dataBytes: number): Message {
    if (dataBytes > THROWN_AWAY_MAX) throw new CutError(`a write of ${dataBytes} bytes`);
    const message = this.#cut(bytes, replies, requests);
    const here = Math.min(dataBytes, this.#length);
    this.#start += here;
    this.#toThrowAway = dataBytes - here;
    return message;
  }

  #cut(bytes: number, replies: number, requests: number): Message {
    const message = new Uint8Array(TOKEN_BYTES + bytes);
    message.set(this.#buffer.subarray(this.#start, this.#start + bytes), TOKEN_BYTES);
    this.#start += bytes;
    return { bytes: message, replyBytesMax: replies, requests };
  }
}
