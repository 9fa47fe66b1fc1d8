// Reading JSON bodies: counted while they arrive, never more than the limit in memory. And taking in the rest of a body
// that was refused.

import { ApiError, badRequest } from './errors.ts';

/** Largest JSON body that any route takes. */
export const JSON_LIMIT_BYTES = 1024 * 1024;

/** Deepest nesting of a JSON body: what validates and echoes it recurses. */
const JSON_DEPTH_MAX = 32;

function tooLarge(): ApiError {
  return new ApiError(413, `the body is larger than ${JSON_LIMIT_BYTES} bytes`);
}

async function readText(request: Request): Promise<string> {
  if (request.body === null) return '';
  if (Number(request.headers.get('content-length') ?? 0) > JSON_LIMIT_BYTES) throw tooLarge();
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });
  const reader = request.body.getReader();
  let text = '';
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.byteLength;
    if (bytes > JSON_LIMIT_BYTES) {
      reader.releaseLock();
      throw tooLarge();
    }
    text += decode(() => decoder.decode(value, { stream: true }));
  }
  return text + decode(() => decoder.decode());
}

function decode(step: () => string): string {
  try {
    return step();
  } catch {
    throw badRequest('the body is not UTF-8');
  }
}

function depthOf(value: unknown, limit: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (limit === 0) return 1;
  let deepest = 0;
  for (const child of Object.values(value)) deepest = Math.max(deepest, depthOf(child, limit - 1));
  return deepest + 1;
}

/** The JSON value of a request, or undefined when it has no body. The content type is not looked at: real clients
 * send JSON as text/plain and nothing at all, and the real services take it. */
export async function readJson(request: Request): Promise<unknown> {
  const text = await readText(request);
  if (text.trim() === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw badRequest('Malformed request body: not valid JSON');
  }
  if (depthOf(value, JSON_DEPTH_MAX) > JSON_DEPTH_MAX) throw badRequest('Malformed request body: nested too deeply');
  return value;
}

/** What is still taken in of a body that was refused: twice the largest one that any route takes. */
const DRAIN_BYTES_MAX = 128 * 1024 * 1024;
const DRAIN_MS_MAX = 5_000;

/**
 * Reads and drops what is left of a request's body. Call it before a refusal is sent: when an answer ends while the body
 * is still being sent, the connection is closed, and many clients then report a broken pipe instead of the answer.
 */
export async function drain(request: Request): Promise<void> {
  const { body } = request;
  if (body === null || body.locked || Number(request.headers.get('content-length') ?? 0) > DRAIN_BYTES_MAX) return;
  const reader = body.getReader();
  const late = scheduler.wait(DRAIN_MS_MAX).then(() => null);
  try {
    for (let bytes = 0; bytes <= DRAIN_BYTES_MAX; ) {
      const part = await Promise.race([reader.read(), late]);
      if (part === null || part.done) return;
      bytes += part.value.byteLength;
    }
  } catch {
    // The client went away: nobody waits for the answer.
  }
}
