// The raw peers: a worker, an object and a bucket like the service's, and nothing of the service in between. What comes is
// inserted as it is, what is asked for is selected; there are no digests, no compression, no snapshots.
//
//   PUT    /{name}/rows/{rowBytes}                body at Content-Range into rows of rowBytes, one transaction a mebibyte
//   GET    /{name}/rows/{rowBytes}                bytes of a Range
//   POST   /{name}/puts/{rowBytes}/{objectBytes}  all rows into the bucket, four puts in flight; answers { puts, bytes }
//   PUT    /{name}/nothing/0                      body read and dropped: what HTTP alone costs
//   GET    /{name}/nothing/0                      as many bytes from memory
//   DELETE /{name}                                the object's rows; what is in the bucket stays

import { DurableObject } from 'cloudflare:workers';

interface RawEnv {
  readonly RAW: DurableObjectNamespace<RawObject>;
  readonly BUCKET: R2Bucket;
}

/** One row of a table of blobs. */
type Row = { k: number; v: ArrayBuffer };

/** As in the service: what is read from a body, and written in a transaction, at a time. */
const TRANSACTION_BYTES = 1_048_576;
/** Of the platform's six connections. */
const PUTS_IN_FLIGHT_MAX = 4;

export default {
  fetch(request, env) {
    const [, name = ''] = new URL(request.url).pathname.split('/');
    return env.RAW.get(env.RAW.idFromName(name)).fetch(request);
  },
} satisfies ExportedHandler<RawEnv>;

export class RawObject extends DurableObject<RawEnv> {
  override async fetch(request: Request): Promise<Response> {
    if (request.method === 'DELETE') {
      await this.ctx.storage.deleteAll();
      return new Response(null, { status: 204 });
    }
    const [, , kind, row, object] = new URL(request.url).pathname.split('/');
    if (kind === 'nothing') return await this.#nothing(request);
    const rowBytes = Number(row);
    const table = `rows_${rowBytes}`;
    this.ctx.storage.sql.exec(`CREATE TABLE IF NOT EXISTS ${table}(k INTEGER PRIMARY KEY, v BLOB)`);
    if (kind === 'puts') return await this.#putAll(table, rowBytes, Number(object));
    if (request.method === 'PUT') return await this.#write(request, table, rowBytes);
    return this.#read(request, table, rowBytes);
  }

  async #nothing(request: Request): Promise<Response> {
    if (request.method === 'GET') {
      const { length } = rangeOf(request.headers.get('range'));
      return answerOf(length, (_, size) => new Uint8Array(size));
    }
    for await (const _ of chunksOf(request.body!, rangeOf(request.headers.get('content-range')).length));
    return new Response(null, { status: 204 });
  }

  async #write(request: Request, table: string, rowBytes: number): Promise<Response> {
    const { from, length } = rangeOf(request.headers.get('content-range'));
    let k = from / rowBytes;
    for await (const chunk of chunksOf(request.body!, length)) {
      this.ctx.storage.transactionSync(() => {
        for (let at = 0; at < chunk.length; at += rowBytes) {
          const row = chunk.subarray(at, at + rowBytes);
          this.ctx.storage.sql.exec(`INSERT OR REPLACE INTO ${table} VALUES (?, ?)`, k++, row);
        }
      });
    }
    return new Response(null, { status: 204 });
  }

  #read(request: Request, table: string, rowBytes: number): Response {
    const { from, length } = rangeOf(request.headers.get('range'));
    return answerOf(length, (at, size) => this.#select(table, rowBytes, from + at, size));
  }

  #select(table: string, rowBytes: number, from: number, length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    const first = Math.floor(from / rowBytes);
    const last = Math.floor((from + length - 1) / rowBytes);
    const rows = this.ctx.storage.sql.exec<Row>(`SELECT k, v FROM ${table} WHERE k BETWEEN ? AND ?`, first, last);
    for (const { k, v } of rows) {
      const begin = Math.max(from, k * rowBytes);
      const end = Math.min(from + length, k * rowBytes + v.byteLength);
      bytes.set(new Uint8Array(v, begin - k * rowBytes, end - begin), begin - from);
    }
    return bytes;
  }

  async #putAll(table: string, rowBytes: number, objectBytes: number): Promise<Response> {
    const inFlight = new Set<Promise<unknown>>();
    const rowsPerObject = objectBytes / rowBytes;
    let puts = 0;
    let bytes = 0;
    for (let after = -1; ; ) {
      const rows = this.ctx.storage.sql
        .exec<Row>(`SELECT k, v FROM ${table} WHERE k > ? ORDER BY k LIMIT ?`, after, rowsPerObject)
        .toArray();
      if (rows.length === 0) break;
      after = rows.at(-1)!.k;
      const object = new Uint8Array(rows.length * rowBytes);
      rows.forEach(({ v }, i) => {
        object.set(new Uint8Array(v), i * rowBytes);
      });
      while (inFlight.size >= PUTS_IN_FLIGHT_MAX) await Promise.race(inFlight);
      const put: Promise<unknown> = this.env.BUCKET.put(crypto.randomUUID(), object).finally(() =>
        inFlight.delete(put),
      );
      inFlight.add(put);
      puts += 1;
      bytes += object.length;
    }
    await Promise.all(inFlight);
    return Response.json({ puts, bytes });
  }
}

/** A body in pieces of a mebibyte, as the service reads it. Throws when it is shorter than announced. */
async function* chunksOf(body: ReadableStream<Uint8Array>, length: number): AsyncGenerator<Uint8Array> {
  const reader = body.getReader({ mode: 'byob' });
  for (let left = length; left > 0; ) {
    const want = Math.min(TRANSACTION_BYTES, left);
    const { value } = await reader.readAtLeast(want, new Uint8Array(want));
    if (value?.length !== want) throw new Error('the body is too short');
    yield value;
    left -= want;
  }
}

/** An answer of so many bytes, made a mebibyte at a time; a short one at once. */
function answerOf(length: number, bytes: (at: number, size: number) => Uint8Array<ArrayBuffer>): Response {
  if (length <= TRANSACTION_BYTES) return new Response(bytes(0, length), { status: 206 });
  let at = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const size = Math.min(TRANSACTION_BYTES, length - at);
      controller.enqueue(bytes(at, size));
      at += size;
      if (at >= length) controller.close();
    },
  });
  return new Response(body, { status: 206, headers: { 'content-length': `${length}` } });
}

/** First byte and length of "bytes FIRST-LAST/*" or "bytes=FIRST-LAST". */
function rangeOf(header: string | null): { from: number; length: number } {
  const match = /(\d+)-(\d+)/.exec(header ?? '')!;
  return { from: Number(match[1]), length: Number(match[2]) - Number(match[1]) + 1 };
}
