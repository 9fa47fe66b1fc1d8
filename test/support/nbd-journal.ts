// What a disk may hold after writes of which some were acknowledged and some were not: for each sector every content that
// was ever sent to it, with the moments at which it was sent and acknowledged. Moments are counted, not measured.

import { hash } from 'node:crypto';

export const SECTOR_BYTES = 512;
const ZERO_DIGEST = digestOf(new Uint8Array(SECTOR_BYTES));

interface Write {
  readonly sentAt: number;
  /** Infinity as long as nobody has said that it is done. */
  ackedAt: number;
}

interface SectorWrite {
  readonly write: Write;
  readonly digest: string;
}

interface ZeroRun {
  readonly write: Write;
  readonly from: number;
  readonly to: number;
}

/** What every sector held before the first write. */
const EMPTY: SectorWrite = { write: { sentAt: -1, ackedAt: -1 }, digest: ZERO_DIGEST };

export class WriteJournal {
  readonly #sectors = new Map<number, SectorWrite[]>();
  readonly #zeroRuns: ZeroRun[] = [];
  #moment = 0;
  acknowledged = 0;

  /** A moment between what came before this call and what comes after it. */
  moment(): number {
    return this.#moment++;
  }

  /** Bytes go out to a place; both in whole sectors. Call what is returned when they were acknowledged. */
  sent(offset: number, bytes: Uint8Array): () => void {
    if (offset % SECTOR_BYTES !== 0 || bytes.length % SECTOR_BYTES !== 0) {
      throw new Error(`a write of ${bytes.length} bytes at ${offset}: the journal knows sectors only`);
    }
    const write = this.#begin();
    for (let at = 0; at < bytes.length; at += SECTOR_BYTES) {
      const sector = (offset + at) / SECTOR_BYTES;
      const history = this.#sectors.get(sector) ?? [];
      history.push({ write, digest: digestOf(bytes.subarray(at, at + SECTOR_BYTES)) });
      this.#sectors.set(sector, history);
    }
    return () => this.#end(write);
  }

  /** Zeros go out, or a trim, which reads as zeros here. */
  zeroed(offset: number, length: number): () => void {
    if (offset % SECTOR_BYTES !== 0 || length % SECTOR_BYTES !== 0) {
      throw new Error(`${length} zeros at ${offset}: the journal knows sectors only`);
    }
    const write = this.#begin();
    this.#zeroRuns.push({ write, from: offset / SECTOR_BYTES, to: (offset + length) / SECTOR_BYTES });
    return () => this.#end(write);
  }

  /**
   * Throws unless `bytes`, found at `offset`, may be what the disk held at some time between two moments: nothing that was
   * acknowledged before `from` is missing, nothing that was sent after `to` is there.
   */
  check(offset: number, bytes: Uint8Array, from = this.moment(), to = from): void {
    for (let at = 0; at < bytes.length; at += SECTOR_BYTES) {
      const sector = (offset + at) / SECTOR_BYTES;
      const digest = digestOf(bytes.subarray(at, at + SECTOR_BYTES));
      const history = this.#history(sector).filter(({ write }) => write.sentAt <= to);
      const isOver = ({ ackedAt }: Write) =>
        history.some(({ write: later }) => later.sentAt > ackedAt && later.ackedAt < from);
      const allowed = history.filter(({ write }) => !isOver(write));
      if (allowed.some((entry) => entry.digest === digest)) continue;
      const known = this.#history(sector).find((entry) => entry.digest === digest);
      const what = known ? `the write sent at ${known.write.sentAt}` : 'what nobody wrote';
      throw new Error(
        `sector ${sector} holds ${what}; at ${from} to ${to} it may hold those sent at ` +
          allowed.map(({ write }) => `${write.sentAt} (acknowledged at ${write.ackedAt})`).join(', '),
      );
    }
  }

  #history(sector: number): SectorWrite[] {
    const zeros = this.#zeroRuns.filter((run) => run.from <= sector && sector < run.to);
    const entries = this.#sectors.get(sector) ?? [];
    return [EMPTY, ...entries, ...zeros.map(({ write }) => ({ write, digest: ZERO_DIGEST }))];
  }

  #begin(): Write {
    return { sentAt: this.#moment++, ackedAt: Number.POSITIVE_INFINITY };
  }

  #end(write: Write): void {
    write.ackedAt = this.#moment++;
    this.acknowledged += 1;
  }
}

function digestOf(sector: Uint8Array): string {
  return hash('sha1', sector, 'base64');
}
