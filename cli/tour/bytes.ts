// Bytes between a local file and a disk, snapshot or backup: import, compare, export, overwrite.

import { randomBytes } from 'node:crypto';
import { constants, copyFileSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { type Api, ApiFailure } from './api.ts';

const MIB = 1_048_576;
/** The service refuses longer bodies; shorter ones are kinder to both memories. */
const REQUEST_BYTES_MAX = 16 * MIB;

/** Where bytes are: `volumes/{id}`, `snapshots/{id}` or `backups/{id}`. */
export type Place = `${'volumes' | 'snapshots' | 'backups'}/${string}`;

const pathOf = (place: Place) => `/data/v1/{p}/${place}`;

/** Writes bytes at an offset of a disk. */
export async function put(api: Api, place: Place, offset: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const headers = { 'Content-Range': `bytes ${offset}-${offset + bytes.length - 1}/*` };
  const response = await api.fetch('PUT', pathOf(place), { body: bytes, headers });
  if (!response.ok) throw new ApiFailure('PUT', pathOf(place), response.status, await response.text());
}

/** Puts a file on an empty disk, without its MiBs of zeros; the number of bytes sent. */
export async function importFile(api: Api, place: Place, path: string): Promise<number> {
  const file = await open(path);
  let sent = 0;
  try {
    const { size } = await file.stat();
    for (let at = 0; at < size; at += REQUEST_BYTES_MAX) {
      const bytes = await readAt(file, at, Math.min(REQUEST_BYTES_MAX, size - at));
      for (const { from, to } of runsOfData(bytes)) {
        await put(api, place, at + from, bytes.subarray(from, to));
        sent += to - from;
      }
    }
  } finally {
    await file.close();
  }
  return sent;
}

/** What came out of a comparison. */
export interface Comparison {
  readonly ok: boolean;
  readonly bytes: number;
  readonly detail: string;
}

/** Compares every byte of a place with a file, and sees that nothing is stored behind the file's end. */
export async function compare(api: Api, place: Place, path: string): Promise<Comparison> {
  const { size } = await stat(path);
  const file = await open(path);
  let at = 0;
  try {
    const response = await read(api, place, size);
    for await (const chunk of response.body ?? []) {
      const expected = await readAt(file, at, Math.min(chunk.length, Math.max(0, size - at)));
      if (Buffer.compare(chunk, expected) !== 0) {
        const first = expected.findIndex((byte, index) => byte !== chunk[index]);
        return { ok: false, bytes: at, detail: `byte ${at + Math.max(0, first)} differs` };
      }
      at += chunk.length;
    }
    if (at !== size) return { ok: false, bytes: at, detail: `${at} of ${size} bytes came` };
    const beyond = await api.ask('GET', `${pathOf(place)}/blocks?cursor=${Math.ceil(size / 65_536)}&limit=1`);
    if (beyond.blocks.length > 0) return { ok: false, bytes: at, detail: 'there is data behind the image' };
    return { ok: true, bytes: size, detail: `${size.toLocaleString('en')} bytes equal` };
  } catch (error) {
    const why = error instanceof ApiFailure ? error.said : (error as Error).message;
    return { ok: false, bytes: at, detail: `reading failed: ${why}` };
  } finally {
    await file.close();
  }
}

/** Copies the first `size` bytes of a place into a file. */
export async function exportFile(api: Api, place: Place, path: string, size: number): Promise<void> {
  const response = await read(api, place, size);
  const file = await open(path, 'w');
  try {
    for await (const chunk of response.body ?? []) await file.write(chunk);
  } finally {
    await file.close();
  }
}

/** Overwrites `count` pieces of a disk and of the file that says what is on it, spread over the file. */
export async function overwrite(api: Api, place: Place, path: string, count: number, length: number): Promise<number> {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    for (let index = 0; index < count; index++) {
      const stride = Math.floor((size - length) / Math.max(1, count - 1) / 512) * 512;
      const bytes = new Uint8Array(randomBytes(length));
      await put(api, place, index * stride, bytes);
      await file.write(bytes, 0, length, index * stride);
    }
  } finally {
    await file.close();
  }
  return count * length;
}

/** A copy of a file as it is now: what the disk held at this moment. */
export function moment(path: string, name: string): string {
  const copy = `${path}.${name}`;
  copyFileSync(path, copy, constants.COPYFILE_FICLONE);
  return copy;
}

async function read(api: Api, place: Place, size: number): Promise<Response> {
  const response = await api.fetch('GET', pathOf(place), { headers: { Range: `bytes=0-${size - 1}` } });
  if (response.status !== 206) throw new ApiFailure('GET', pathOf(place), response.status, await response.text());
  return response;
}

async function readAt(file: FileHandle, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) return bytes.subarray(0, done);
    done += bytesRead;
  }
  return bytes;
}

/** Ranges of the MiBs that are not all zeros, neighbours joined. */
function runsOfData(bytes: Uint8Array): { from: number; to: number }[] {
  const runs: { from: number; to: number }[] = [];
  const zeros = Buffer.alloc(MIB);
  for (let from = 0; from < bytes.length; from += MIB) {
    const to = Math.min(bytes.length, from + MIB);
    if (zeros.compare(bytes, from, to, 0, to - from) === 0) continue;
    const last = runs.at(-1);
    if (last?.to === from) last.to = to;
    else runs.push({ from, to });
  }
  return runs;
}
