// Everything that can go wrong in the engine, as one closed set. Callers switch on `code`; the message is for people.

import { type ObjectRef, toHex } from './types.ts';

export type EngineErrorCode =
  /** Offset or length is no multiple of 512. */
  | 'unaligned'
  /** Beyond the end of the disk. */
  | 'out-of-range'
  | 'not-found'
  | 'exists'
  /** A value that the operation cannot take, such as a smaller size. */
  | 'invalid'
  /** Bytes that did not match their name, or are gone with nowhere to fetch them from. */
  | 'damaged'
  /** An object that is not here yet and whose source cannot be reached. */
  | 'unavailable'
  /** The operation has to wait for another one. */
  | 'busy'
  /** The disk object is near its storage limit. */
  | 'full'
  /** A stored format that this version does not know. */
  | 'format';

export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: EngineErrorCode;
  /** For `damaged`: which byte ranges of the disk cannot be read. */
  readonly ranges: readonly ByteRange[];

  constructor(code: EngineErrorCode, message: string, ranges: readonly ByteRange[] = []) {
    super(message);
    this.code = code;
    this.ranges = ranges;
  }
}

export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** The error for an object that cannot be read. */
export function damagedObject(ref: ObjectRef): EngineError {
  const what = ref.kind === 0 ? 'block' : 'page';
  return new EngineError('damaged', `${what} ${toHex(ref.digest).slice(0, 16)}… does not match its name or is gone`);
}
