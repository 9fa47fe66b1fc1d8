#!/usr/bin/env node
// The `edge-evs` command. Understood by the host's Node, which may be 20; the command itself runs on a newer one.
//
// Whoever is killed, no server may stay behind: EDGE_EVS_PARENT names the process without which it ends by itself.
import { fileURLToPath } from 'node:url';
import { findNode } from '../tools/node.mjs';
import { run } from '../tools/run.mjs';

/** npm starts a shell, and a signal ends that shell without reaching its child. Elsewhere a parent may well end first. */
const npmShell = process.env.npm_lifecycle_event === undefined ? undefined : process.ppid;

try {
  if (findNode() === process.execPath) {
    process.env.EDGE_EVS_PARENT = String(npmShell ?? '');
    const { main } = await import('./main.ts');
    process.exitCode = await main(process.argv.slice(2));
  } else {
    process.env.EDGE_EVS_PARENT = String(process.pid);
    if (npmShell) setInterval(() => process.ppid !== npmShell && process.exit(143), 500).unref();
    process.exitCode = await run(fileURLToPath(new URL('main.ts', import.meta.url)), process.argv.slice(2));
  }
} catch (error) {
  console.error(`edge-evs: ${error.message}`);
  process.exitCode = 1;
}
