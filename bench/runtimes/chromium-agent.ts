// The agent in a page.
import { Agent, type AgentFiles, type AgentRequest, type Host, OWN_CLOCK } from '../kernel/agent.ts';
import { commonPeers } from '../kernel/peers.ts';

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** The page's own interface to whoever drives it. */
declare global {
  var startAgent: (names: readonly (keyof AgentFiles)[]) => Promise<void>;
  var askAgent: (request: AgentRequest) => ReturnType<Agent['answer']>;
}

const host: Host = {
  runtime: 'chromium',
  clock: OWN_CLOCK,
  toKey: 'toHex' in Uint8Array.prototype ? { title: "Uint8Array's toHex", hex: ownHex } : { title: 'table', hex },
  compile: (wasm) => new WebAssembly.Module(wasm),
  peers: (files) =>
    commonPeers(files, host.compile, {
      peers: [],
      missing: [
        { id: 'napi', why: 'it is native code' },
        { id: 'node-crypto', why: 'browsers have none' },
      ],
    }),
};

function ownHex(bytes: Uint8Array): string {
  return (bytes as Uint8Array & { toHex(): string }).toHex();
}

function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte];
  return text;
}

let agent: Agent;

globalThis.startAgent = async (names) => {
  const files: [string, Uint8Array][] = [];
  for (const name of names) files.push([name, new Uint8Array(await (await fetch(`/files/${name}`)).arrayBuffer())]);
  agent = await Agent.start(host, Object.fromEntries(files) as unknown as AgentFiles);
};
globalThis.askAgent = (request) => agent.answer(request);
