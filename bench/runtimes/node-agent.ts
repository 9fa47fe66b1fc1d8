// The agent as a process of its own: a heap and an optimiser that only the cases use.
import { Buffer } from 'node:buffer';
import { hash as nodeHash } from 'node:crypto';
import { blake3 } from '@napi-rs/blake-hash';
import { Agent, type AgentFiles, type AgentRequest, type Host, OWN_CLOCK } from '../kernel/agent.ts';
import { commonPeers } from '../kernel/peers.ts';

const host: Host = {
  runtime: 'node',
  clock: OWN_CLOCK,
  toKey: {
    title: "Buffer's toString",
    hex: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex'),
  },
  equals: (a, b) => Buffer.compare(a, b) === 0,
  compile: (wasm) => new WebAssembly.Module(wasm),
  peers: (files) =>
    commonPeers(files, host.compile, {
      peers: [
        {
          id: 'napi',
          title: '@napi-rs/blake-hash (native)',
          algorithm: 'BLAKE3',
          // Its types ask for a Buffer, its code takes any view. Wrapping each message would be its loss.
          hash: (bytes) => blake3(bytes as Buffer),
        },
        {
          id: 'node-crypto',
          title: 'node:crypto SHA-256',
          algorithm: 'SHA-256',
          hash: (bytes) => nodeHash('sha256', bytes, 'buffer'),
        },
      ],
      missing: [],
    }),
};

let agent: Agent | undefined;

process.on('message', async (message: { files: AgentFiles } | AgentRequest) => {
  try {
    if ('files' in message) agent = await Agent.start(host, message.files);
    process.send!({ reply: 'files' in message ? null : await agent!.answer(message) });
  } catch (error) {
    process.send!({ error: (error as Error).stack });
  }
});
