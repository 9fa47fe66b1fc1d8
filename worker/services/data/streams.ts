// Streams between client and object. Nothing here holds more than the chunk in its hands.

import { ApiError } from '../../http/errors.ts';

/** `length` bytes of the stream from `skip` on. The object reads whole sectors, the client asked for any bytes. */
export function trim(source: ReadableStream<Uint8Array>, skip: number, length: number): ReadableStream<Uint8Array> {
  let toSkip = skip;
  let left = length;
  return source.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        const begin = Math.min(toSkip, chunk.byteLength);
        const end = Math.min(begin + left, chunk.byteLength);
        toSkip -= begin;
        left -= end - begin;
        if (end > begin) controller.enqueue(chunk.subarray(begin, end));
      },
    }),
  );
}

/**
 * The stream as a body of exactly that length: the client gets a Content-Length, and a source that ends early breaks
 * the connection instead of passing for the whole.
 */
export function exactly(source: ReadableStream<Uint8Array>, length: number): ReadableStream<Uint8Array> {
  const fixed = new FixedLengthStream(length);
  // What goes wrong reaches the reader through the stream itself.
  source.pipeTo(fixed.writable).catch(() => undefined);
  return fixed.readable;
}

/** How long to wait for the reason when a write broke off. */
const BODY_VERDICT_MS = 200;

/** Bodies up to here are taken in whole: a block, as guests write them. */
const WHOLE_BODY_MAX = 65_536;

/** A request body on its way to an object. */
export interface CountedBody {
  readonly stream: ReadableStream<Uint8Array>;
  /** Settles when the body has ended; rejects with the error to answer when it was not what it announced. */
  readonly counted: Promise<void>;
  /** What was found wrong with the body itself, as soon as it is known. */
  readonly refusal: () => ApiError | null;
}

/** The body of a request that announces `length` bytes. Throws what to answer when a short one breaks off. */
export async function takeBody(
  request: Request,
  source: ReadableStream<Uint8Array>,
  length: number,
): Promise<CountedBody> {
  const isAnnounced = request.headers.has('content-length');
  if (!isAnnounced || length > WHOLE_BODY_MAX)
    return countBody(source, length, isAnnounced ? 'content-length' : 'chunked');
  const body = await request.arrayBuffer().catch(() => {
    throw cutOff(length);
  });
  return { stream: new Response(body).body!, counted: Promise.resolve(), refusal: () => null };
}

/**
 * Passes on a body of exactly `length` bytes. One with fewer or more fails before its last byte is passed on, so the
 * object, which waits for all of them, writes nothing.
 */
function countBody(
  source: ReadableStream<Uint8Array>,
  length: number,
  framing: 'content-length' | 'chunked',
): CountedBody {
  let refusal: ApiError | null = null;
  const refuse = (text: string): never => {
    refusal = wrongSize(text);
    throw refusal;
  };
  // HTTP itself ends a body at its Content-Length, so a native pipe is enough there; it is several times faster.
  const { readable, writable } =
    framing === 'content-length' ? new FixedLengthStream(length) : chunkedMeter(length, refuse);
  // Not cancelled when it is refused: the rest is taken in before the answer is sent.
  const counted = source.pipeTo(writable, { preventCancel: true }).catch(() => {
    throw refusal ?? cutOff(length);
  });
  // Somebody looks at it only when the object has answered; until then it is not unhandled.
  counted.catch(() => undefined);
  return { stream: readable, counted, refusal: () => refusal };
}

/**
 * Counts a chunked body. It keeps one chunk back until the next one comes or the body ends well: an object that has
 * been sent all the bytes it waits for would not hear that more came after them.
 */
function chunkedMeter(length: number, refuse: (text: string) => never): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0;
  let held: Uint8Array | null = null;
  return new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      if (bytes > length) refuse(`The body has more than the announced ${length} bytes; nothing was written.`);
      if (held !== null) controller.enqueue(held);
      held = chunk;
    },
    flush(controller) {
      if (bytes < length) refuse(`The body has ${bytes} of the announced ${length} bytes; nothing was written.`);
      if (held !== null) controller.enqueue(held);
    },
  });
}

/** The body of a request that does not say how long it is: the format of what is in it must. */
export function takeChunkedBody(source: ReadableStream<Uint8Array>): CountedBody {
  const { readable, writable } = new IdentityTransformStream();
  const counted = source.pipeTo(writable, { preventCancel: true });
  counted.catch(() => undefined);
  return { stream: readable, counted, refusal: () => null };
}

/**
 * The object's answer to a request with this body, once it is known how the body ended: when it broke off, what was wrong
 * with it is thrown. A refusal is answered without waiting for the rest of the body.
 */
export async function answerTo(
  asked: Promise<Response>,
  body: CountedBody,
  isDone: (answer: Response) => boolean,
): Promise<Response> {
  let answer: Response;
  try {
    answer = await asked;
  } catch (error) {
    // A body that broke off breaks the request to the object too: what is wrong with it is what the client must know.
    if (!ofPlatform(error)) await Promise.race([body.counted, scheduler.wait(BODY_VERDICT_MS)]);
    throw error;
  }
  if (isDone(answer)) await body.counted;
  else await Promise.race([body.counted.catch(() => undefined), scheduler.wait(BODY_VERDICT_MS)]);
  return answer;
}

/** The object itself failed, and the platform says so. */
function ofPlatform(error: unknown): boolean {
  const { retryable, overloaded, durableObjectReset } = error as Record<string, unknown>;
  return Boolean(retryable || overloaded || durableObjectReset);
}

function cutOff(length: number): ApiError {
  return wrongSize(`The body has not the ${length} bytes that were announced; nothing was written.`);
}

function wrongSize(message: string): ApiError {
  return new ApiError(400, message, { code: 'body-size' });
}
