// The agent as a worker. Files arrive in the first requests, because the cases compile them in the same way everywhere.
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { Agent, type AgentFiles, type AgentRequest, type Host } from '../kernel/agent.ts';
import { commonPeers } from '../kernel/peers.ts';
import { TickClock } from './tick-clock.ts';

interface Bindings {
  /** workerd compiles bytes at run time only through this. */
  readonly UNSAFE_EVAL: { newWasmModule(wasm: Uint8Array): WebAssembly.Module };
}

const files: Partial<Record<keyof AgentFiles, Uint8Array>> = {};
let agent: Agent | undefined;

export default {
  async fetch(request: Request, bindings: Bindings): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith('/files/')) {
      files[pathname.slice('/files/'.length) as keyof AgentFiles] = new Uint8Array(await request.arrayBuffer());
      return new Response();
    }
    try {
      agent ??= await Agent.start(hostOf(bindings), files as AgentFiles);
      return Response.json(await agent.answer((await request.json()) as AgentRequest));
    } catch (error) {
      return new Response((error as Error).stack, { status: 500 });
    }
  },
};

function hostOf({ UNSAFE_EVAL }: Bindings): Host {
  const compile = (wasm: Uint8Array) => UNSAFE_EVAL.newWasmModule(wasm);
  return {
    runtime: 'workerd',
    clock: new TickClock(),
    toKey: {
      title: "Buffer's toString",
      hex: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex'),
    },
    equals: (a, b) => Buffer.compare(a, b) === 0,
    compile,
    peers: (given) =>
      commonPeers(given, compile, {
        peers: [
          {
            id: 'node-crypto',
            title: 'node:crypto SHA-256',
            algorithm: 'SHA-256',
            hash: (bytes) => createHash('sha256').update(bytes).digest(),
          },
        ],
        missing: [{ id: 'napi', why: 'it is native code' }],
      }),
  };
}
