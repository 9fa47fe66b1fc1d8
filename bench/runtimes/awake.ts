// Keeps the processors of a virtual machine awake while runtimes take turns.
//
// A virtual processor that slept comes back slow: on the machine of the published run every sample that followed 60 ms of
// sleep was a fifth slower in wasm and next to nothing in SHA-256, for the next 100 to 300 ms. While one runtime is timed
// the others sleep, so ratios between wasm and anything else came out wrong. One process of the lowest priority for
// each processor keeps them from sleeping and gives way at once to whoever has something to do.
import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism, constants, setPriority } from 'node:os';
import { inRoot } from '../../tools/paths.ts';

/** Starts the processes; the function that it returns ends them. They end by themselves when this process does. */
export function keepAwake(): () => void {
  const children: ChildProcess[] = [];
  for (let i = 0; i < availableParallelism(); i++) {
    const child = fork(inRoot('bench', 'runtimes', 'awake-child.ts'));
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
    children.push(child);
  }
  return () => {
    for (const child of children) child.kill();
  };
}
