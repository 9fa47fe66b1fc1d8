// The Disk class with a crash in it: its awaits are counted (calls to the vault, to object storage and to other disks, and
// the pauses between turns of long work), and at the chosen one the object is aborted, before the call or after its
// effect (the answer is lost). Calls can be held, too. Without a plan it is the Disk as it is.

import { Disk } from '../../worker/disk/object.ts';
import type { Env } from '../../worker/env.ts';

export interface CrashPlan {
  /** Awaits that go through before the crash; counted down. */
  callsLeft: number;
  readonly when: 'before' | 'after';
  /** Set when it happened. */
  happened: boolean;
}

const shared = globalThis as { crashPlan?: CrashPlan | null; heldCall?: string | null };

/** The Disk under test: the one that was made, or came back, last. */
let newest: DurableObjectState | null = null;

const wait = scheduler.wait.bind(scheduler);
Object.defineProperty(scheduler, 'wait', {
  configurable: true,
  value: async (delayMs: number, options?: SchedulerWaitOptions) => {
    // Turns are given away for 0 ms; other waits are not the Disk's.
    const due = shared.crashPlan;
    if (delayMs === 0 && due && !due.happened && newest && runsIn(newest) && due.callsLeft-- <= 0) die(newest, due);
    await wait(delayMs, options);
  },
});

/** Arms the next crash, or none. Read by every TestDisk of this isolate. */
export function plan(next: CrashPlan | null): void {
  shared.crashPlan = next;
}

/** Calls of this name wait, before they are made, until another one is held, or none. */
export function hold(call: string | null): void {
  shared.heldCall = call;
}

/** False in the turn of another object: the platform refuses what belongs to this one there. */
function runsIn(ctx: DurableObjectState): boolean {
  try {
    return ctx.storage.sql.databaseSize >= 0;
  } catch {
    return false;
  }
}

export class TestDisk extends Disk {
  protected override readonly hydrateAfterMs = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    const crashing = <T extends object>(target: T): T => crashingCalls(ctx, target);
    const objects = <T extends { get(id: DurableObjectId): object }>(namespace: T): T =>
      wrap(namespace, 'get', (id: DurableObjectId) => crashing(namespace.get(id)));
    const bindings = { ...env, OBS: crashing(env.OBS), VAULT: objects(env.VAULT), DISK: objects(env.DISK) };
    super(ctx, bindings as Env);
    newest = ctx;
  }
}

function wrap<T extends object>(target: T, name: string, replacement: unknown): T {
  return new Proxy(target, {
    get: (_, key) => {
      if (key === name) return replacement;
      const value = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** `target` with every method watched. */
function crashingCalls<T extends object>(ctx: DurableObjectState, target: T): T {
  return new Proxy(target, {
    get: (_, key) => {
      const method = Reflect.get(target, key);
      if (typeof method !== 'function') return method;
      return async (...args: unknown[]) => {
        while (shared.heldCall === key) await wait(2);
        const due = shared.crashPlan;
        const isHit = due && !due.happened && due.callsLeft-- <= 0;
        if (isHit && due.when === 'before') die(ctx, due);
        const result = await Reflect.apply(method, target, args);
        if (isHit) die(ctx, due);
        return result;
      };
    },
  });
}

function die(ctx: DurableObjectState, due: CrashPlan): never {
  due.happened = true;
  ctx.abort('a planned crash');
  throw new Error('a planned crash');
}
