// A local server and a deployment run the same worker with the same bindings, though two files describe them.
import { describe, expect, test } from 'vitest';
import { unstable_readConfig } from 'wrangler';
import { COMPATIBILITY_DATE, DURABLE_OBJECTS } from '../../cli/serve/runtime.ts';
import { inRoot } from '../../tools/paths.ts';

/** The part of the file that both sides must agree on. */
interface Settings {
  compatibility_date?: string;
  compatibility_flags: string[];
  durable_objects: { bindings: { name: string; class_name: string }[] };
  exports: unknown;
  vars: object;
  limits?: unknown;
  r2_buckets: { binding: string }[];
}

const config: Settings = unstable_readConfig({ config: inRoot('wrangler.toml') });

describe('wrangler.toml and the launcher', () => {
  test('use the same compatibility date and flags', () => {
    expect(config.compatibility_date).toBe(COMPATIBILITY_DATE);
    expect(config.compatibility_flags).toEqual([]);
  });

  test('bind the same classes, all with SQLite storage', () => {
    const bindings = config.durable_objects.bindings.map(({ name, class_name }) => [name, class_name]);
    expect(Object.fromEntries(bindings)).toEqual(DURABLE_OBJECTS);
    const sqlite = { type: 'durable-object', storage: 'sqlite' };
    expect(config.exports).toEqual(Object.fromEntries(Object.values(DURABLE_OBJECTS).map((name) => [name, sqlite])));
  });

  test('a deployment is no simulation, has no secret in the file, and no CPU limit that a Free plan refuses', () => {
    expect(config.vars).toMatchObject({ EVS_SIMULATION: 'false' });
    for (const secret of ['EVS_SECRET', 'EVS_ACCOUNTS']) expect(config.vars).not.toHaveProperty(secret);
    expect(config.limits).toBeUndefined();
    expect(config.r2_buckets.map(({ binding }) => binding)).toEqual(['OBS']);
  });
});
