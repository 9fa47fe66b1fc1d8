// Refusals of the data path that the engine does not know: they are about a request, not about a disk. Which status a
// client gets is the data service's business.

import type { DataFault } from '../protocol.ts';

export class DataRefusal extends Error {
  override readonly name = 'DataRefusal';
  readonly code: DataFault['code'];

  constructor(code: DataFault['code'], message: string) {
    super(message);
    this.code = code;
  }
}
