// Refusals of the data path that the engine does not know: they are about a request, not about a disk.

import type { DataFault } from '../protocol.ts';

type RefusalCode = Exclude<
  DataFault['code'],
  'not-found' | 'out-of-range' | 'unaligned' | 'busy' | 'unavailable' | 'damaged' | 'body-size' | 'full'
>;

/** What the objects that hold bytes answer with; the client's status is the data service's business. */
export const REFUSAL_STATUS: Readonly<Record<RefusalCode, number>> = {
  'bad-cursor': 400,
  'bad-points': 400,
  'bad-stream': 400,
  changed: 409,
  'wrong-base': 409,
  'too-large': 413,
  'digest-mismatch': 422,
};

export class DataRefusal extends Error {
  override readonly name = 'DataRefusal';
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.code = code;
  }
}
