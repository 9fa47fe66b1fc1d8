// The writes of a disk's `fetch`: bytes of any range, one block, or a delta stream.

import { DELTA_BYTES_MAX } from '../protocol.ts';
import { writeBlock } from './blocks.ts';
import { writeBytes } from './bytes.ts';
import { applyBody } from './delta.ts';
import type { DiskRuntime } from './runtime.ts';

/** Does what a PUT asks for; answers when it is durable. */
export async function serveWrite(runtime: DiskRuntime, request: Request, url: URL): Promise<Response> {
  const number = (name: string) => Number(url.searchParams.get(name) ?? 0);
  switch (url.pathname) {
    case '/delta':
      return Response.json(await applyBody(runtime, request.body, DELTA_BYTES_MAX));
    case '/block':
      await writeBlock(runtime, request, number('index'));
      break;
    default:
      await writeBytes(runtime, request.body, number('offset'), number('length'));
  }
  return new Response(null, { status: 204 });
}
