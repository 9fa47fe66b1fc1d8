// Single blocks with their digests: what is read says its digest, what is written must have the one that it says.

import type { PointId } from '../../engine/disk/disk.ts';
import { EngineError } from '../../engine/errors.ts';
import { BLOCK_BYTES, toHex } from '../../engine/types.ts';
import { engineHost } from '../host.ts';
import { BLOCK_DIGEST_HEADER, BLOCK_HOLE_HEADER } from '../protocol.ts';
import { writeBytes } from './bytes.ts';
import { DataRefusal } from './refusal.ts';
import type { DiskRuntime } from './runtime.ts';

/** 200 with a block of a point of the disk. */
export async function readBlock(runtime: DiskRuntime, point: PointId, blockIndex: number): Promise<Response> {
  const { contentChanges } = runtime;
  const bytes = await runtime.read(point, blockIndex * BLOCK_BYTES, BLOCK_BYTES);
  if (point === 'head' && runtime.contentChanges !== contentChanges) {
    throw new EngineError('busy', 'the content of the disk was replaced under the read');
  }
  return blockResponse(bytes);
}

/** 200 with the bytes of a block. The digest is that of the bytes, also for a block of zeros, whose name is none. */
export function blockResponse(bytes: Uint8Array): Response {
  const { kernel } = engineHost();
  return new Response(bytes as BodyInit, {
    headers: {
      'content-type': 'application/octet-stream',
      'content-length': `${bytes.length}`,
      [BLOCK_DIGEST_HEADER]: toHex(kernel.hash(bytes)),
      [BLOCK_HOLE_HEADER]: String(kernel.isZero(bytes)),
    },
  });
}

/** Writes one block. Throws `digest-mismatch`, and then has changed nothing, when its bytes have another digest. */
export async function writeBlock(runtime: DiskRuntime, request: Request, blockIndex: number): Promise<void> {
  const announced = request.headers.get(BLOCK_DIGEST_HEADER) ?? '';
  const bytes = new Uint8Array(await request.arrayBuffer());
  if (bytes.length !== BLOCK_BYTES) throw new EngineError('invalid', `a block has ${BLOCK_BYTES} bytes`);
  const digest = toHex(engineHost().kernel.hash(bytes));
  if (digest !== announced) {
    const text = `The block has the digest ${digest} and was announced with ${announced}; nothing was written.`;
    throw new DataRefusal('digest-mismatch', text);
  }
  runtime.assertOpen();
  await writeBytes(runtime, new Response(bytes).body, blockIndex * BLOCK_BYTES, BLOCK_BYTES);
}
