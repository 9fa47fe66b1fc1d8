// Range and Content-Range headers: which bytes a request is about.

import { ApiError, badRequest } from '../../http/errors.ts';

/** Part of a disk, in bytes. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** Unit of addresses on a disk: writes must keep to it, reads are rounded out to it and trimmed. */
export const SECTOR_BYTES = 512;

/** Largest body of one write; beyond it a deployment's front would refuse it too. */
export const WRITE_LIMIT_BYTES = 64 * 1024 * 1024;

/**
 * The range of a read, or null for the whole. One range only; out of bounds is 416, as HTTP has it.
 * @example parseRange('bytes=0-511', size)  // { offset: 0, length: 512 }
 */
export function parseRange(header: string | undefined, sizeBytes: number): ByteRange | null {
  if (header === undefined) return null;
  const match = /^bytes=(\d{0,16})-(\d{0,16})$/.exec(header.trim());
  if (match === null || (match[1] === '' && match[2] === '')) {
    throw badRequest(`Range '${header.slice(0, 64)}' is not understood: write bytes=FIRST-LAST, one range.`);
  }
  const [, first, last] = match;
  if (first === '') {
    const length = Math.min(Number(last), sizeBytes);
    if (length === 0) throw unsatisfiable(sizeBytes);
    return { offset: sizeBytes - length, length };
  }
  const offset = Number(first);
  const end = last === '' ? sizeBytes - 1 : Number(last);
  if (end < offset && last !== '') throw badRequest(`Range '${header.slice(0, 64)}' ends before it begins.`);
  if (offset >= sizeBytes) throw unsatisfiable(sizeBytes);
  return { offset, length: Math.min(end, sizeBytes - 1) - offset + 1 };
}

/** 416 with the size, so that a client can correct itself. */
export function unsatisfiable(sizeBytes: number): ApiError {
  return new ApiError(416, `The range begins beyond the end: the size is ${sizeBytes} bytes.`, {
    code: 'out-of-range',
    headers: { 'Content-Range': `bytes */${sizeBytes}` },
  });
}

/**
 * Where the body of a write goes and how long it is. A chunked body says no length, so it needs a Content-Range: the
 * disk takes a body that breaks off for one that has ended, unless it knows how long it is.
 */
export function parseWriteRange(headers: Headers): ByteRange {
  const announced = headers.get('content-length');
  const bodyBytes = announced === null ? null : Number(announced);
  const header = headers.get('content-range');
  if (header === null && bodyBytes === null) {
    const text =
      'Say how long the body is: by Content-Length, or by Content-Range: bytes FIRST-LAST/* with a chunked body.';
    throw new ApiError(411, text, { code: 'length-required' });
  }
  const range = header === null ? { offset: 0, length: bodyBytes! } : contentRange(header);
  if (range.length > WRITE_LIMIT_BYTES) {
    throw new ApiError(413, `One request writes at most ${WRITE_LIMIT_BYTES} bytes: split it.`);
  }
  if (bodyBytes !== null && range.length !== bodyBytes) {
    const text = `Content-Range announces ${range.length} bytes, Content-Length ${bodyBytes}.`;
    throw new ApiError(400, text, { code: 'body-size' });
  }
  if (range.length === 0) throw new ApiError(400, 'The body is empty.', { code: 'body-size' });
  if (range.offset % SECTOR_BYTES !== 0 || range.length % SECTOR_BYTES !== 0) {
    throw new ApiError(400, `Writes begin and end at multiples of ${SECTOR_BYTES} bytes.`, { code: 'unaligned' });
  }
  return range;
}

function contentRange(header: string): ByteRange {
  const match = /^bytes (\d{1,16})-(\d{1,16})\/(?:\*|\d{1,16})$/.exec(header.trim());
  const [first, last] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || last < first) {
    throw badRequest(`Content-Range '${header.slice(0, 64)}' is not understood: write bytes FIRST-LAST/*.`);
  }
  return { offset: first, length: last - first + 1 };
}
