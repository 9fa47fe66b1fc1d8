// The data service over a disk that is a byte array: ranges, sizes, refusals.

import { describe, expect, it } from 'vitest';
import type { Env } from '../../worker/env.ts';
import { bench, DISK_BYTES, jsonOf, PROJECT, SNAPSHOT, VOLUME } from './http-fakes.ts';

const path = `/data/v1/${PROJECT}/volumes/${VOLUME.id}`;
const range = (text: string) => ({ headers: { Range: text } });
const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());

const put = (body: BodyInit, headers: Record<string, string> = {}): RequestInit => ({ method: 'PUT', body, headers });

/** A Content-Range, or `length N` for a Content-Length alone. */
const announced = (text: string | undefined): Record<string, string> => {
  if (text === undefined) return {};
  return text.startsWith('length') ? { 'Content-Length': text.slice(7) } : { 'Content-Range': text };
};

/** A body without an announced length. */
const chunked = (body: Uint8Array) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < body.byteLength; at += 4096) controller.enqueue(body.slice(at, at + 4096));
      controller.close();
    },
  });

describe('reading', () => {
  it('gives the whole, or exactly the bytes of a range', async () => {
    const api = await bench();
    for (let i = 0; i < DISK_BYTES; i++) api.bytes[i] = i % 251;
    const whole = await api.fetch(path);
    expect(whole.status).toBe(200);
    expect(await bytesOf(whole)).toEqual(api.bytes);
    for (const [text, from, to] of [
      ['bytes=0-511', 0, 512],
      ['bytes=512-1023', 512, 1024],
      ['bytes=1-1', 1, 2],
      ['bytes=511-512', 511, 513],
      ['bytes=1000-70000', 1000, 70001],
      [`bytes=${DISK_BYTES - 1}-`, DISK_BYTES - 1, DISK_BYTES],
      ['bytes=-3', DISK_BYTES - 3, DISK_BYTES],
      [`bytes=${DISK_BYTES - 2}-${DISK_BYTES + 100}`, DISK_BYTES - 2, DISK_BYTES],
    ] as const) {
      const part = await api.fetch(path, range(text));
      expect(part.status, text).toBe(206);
      expect(part.headers.get('Content-Range')).toBe(`bytes ${from}-${to - 1}/${DISK_BYTES}`);
      expect(await bytesOf(part), text).toEqual(api.bytes.slice(from, to));
    }
  });

  it('refuses ranges that are none', async () => {
    const api = await bench();
    const beyond = await api.fetch(path, range(`bytes=${DISK_BYTES}-`));
    expect(beyond.status).toBe(416);
    expect(beyond.headers.get('Content-Range')).toBe(`bytes */${DISK_BYTES}`);
    for (const text of ['bytes=5-2', 'bytes=a-b', 'bytes=-', 'bytes=0-1,3-4', 'lines=1-2']) {
      expect((await api.fetch(path, range(text))).status, text).toBe(400);
    }
    expect((await api.fetch(path, range('bytes=-0'))).status).toBe(416);
  });

  it('never passes a part for the whole when the disk breaks off', async () => {
    const disk = { fetch: async () => new Response(new Uint8Array(512)) };
    const api = await bench(
      {},
      { DISK: { idFromName: (name: string) => name, get: () => disk } as unknown as Env['DISK'] },
    );
    for (const text of ['bytes=0-1023', 'bytes=1-1000']) {
      const response = await api.fetch(path, range(text));
      await expect(response.arrayBuffer(), text).rejects.toThrow();
    }
  });

  it('says what the disk says, in words of HTTP', async () => {
    const refusals = [
      ['busy', 409, 409],
      ['unavailable', 503, 503],
      ['damaged', 500, 500],
      ['full', 507, 507],
      ['not-found', 404, 404],
      ['out-of-range', 416, 400],
    ] as const;
    for (const [code, onRead, onWrite] of refusals) {
      const fault = { code, message: 'm', ...(code === 'damaged' ? { ranges: [{ offset: 0, length: 512 }] } : {}) };
      const disk = { fetch: async () => Response.json(fault, { status: 499 }) };
      const api = await bench(
        {},
        { DISK: { idFromName: (name: string) => name, get: () => disk } as unknown as Env['DISK'] },
      );
      const read = await api.fetch(path, range('bytes=0-511'));
      expect([read.status, (await jsonOf(read)).error]).toEqual([onRead, fault]);
      expect((await api.fetch(path, put(new Uint8Array(512), { 'Content-Length': '512' }))).status).toBe(onWrite);
    }
  });

  it('says the size to HEAD', async () => {
    const response = await (await bench()).fetch(path, { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(response.headers.get('Content-Length')).toBe(String(DISK_BYTES));
    expect(response.headers.get('Accept-Ranges')).toBe('bytes');
  });

  it('asks for a grant once, not with every request', async () => {
    const api = await bench();
    const grants = () => api.asked.filter(([name]) => name === 'grant').length;
    const before = grants();
    for (let i = 0; i < 3; i++) await (await api.fetch(path, range('bytes=0-0'))).arrayBuffer();
    expect(grants() - before).toBeLessThanOrEqual(1);
    expect((await api.fetch(`/data/v1/${PROJECT}/volumes/nope`)).status).toBe(404);
  });
});

describe('writing', () => {
  const half = new Uint8Array(1024).fill(7);

  it('puts a body at its range, or at the beginning', async () => {
    const api = await bench();
    expect((await api.fetch(path, put(half, { 'Content-Range': 'bytes 512-1535/*' }))).status).toBe(204);
    expect(api.bytes.slice(0, 2048)).toEqual(new Uint8Array([...new Uint8Array(512), ...half, ...new Uint8Array(512)]));
    expect((await api.fetch(path, put(half, { 'Content-Length': '1024' }))).status).toBe(204);
    expect(api.bytes.slice(0, 1024)).toEqual(half);
    expect((await api.fetch(path, put(chunked(half), { 'Content-Range': 'bytes 4096-5119/*' }))).status).toBe(204);
    expect(api.bytes.slice(4096, 5120)).toEqual(half);
  });

  it.each([
    ['longer than announced', chunked(new Uint8Array(2048)), 'bytes 0-1023/*', 400, 'body-size'],
    ['shorter than announced', chunked(new Uint8Array(512)), 'bytes 0-1023/*', 400, 'body-size'],
    ['empty', new Uint8Array(0), 'length 0', 400, 'body-size'],
    ['of no announced length', chunked(new Uint8Array(512)), undefined, 411, 'length-required'],
    ['unaligned offset', new Uint8Array(512), 'bytes 1-512/*', 400, 'unaligned'],
    ['unaligned length', new Uint8Array(100), 'length 100', 400, 'unaligned'],
    ['beyond the end', new Uint8Array(1024), `bytes ${DISK_BYTES - 512}-${DISK_BYTES + 511}/*`, 400, 'out-of-range'],
    ['a range that is none', new Uint8Array(512), 'bytes 512-0/*', 400, 'bad-request'],
    ['too large', chunked(new Uint8Array(512)), `bytes 0-${64 * 2 ** 20 + 511}/*`, 413, 'too-large'],
  ])('%s is refused and changes nothing', async (_what, body, contentRange, status, code) => {
    const api = await bench();
    api.bytes.fill(9);
    const response = await api.fetch(path, put(body, announced(contentRange)));
    expect([response.status, (await jsonOf(response)).error.code]).toEqual([status, code]);
    expect(api.bytes.every((byte) => byte === 9)).toBe(true);
  });

  it('never writes to a snapshot or a backup', async () => {
    const api = await bench();
    const response = await api.fetch(`/data/v1/${PROJECT}/snapshots/${SNAPSHOT.id}`, put(half));
    expect([response.status, (await jsonOf(response)).error.code]).toEqual([403, 'data-readonly']);
  });
});
