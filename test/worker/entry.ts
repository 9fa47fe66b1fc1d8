// The worker under test in workerd: the project's own, and beside it what only tests need. Bindings: wrangler.test.toml.

import { DurableObject } from 'cloudflare:workers';

export * from '../../worker/index.ts';
export { default } from '../../worker/index.ts';
export { TestDisk } from './crashing-disk.ts';
export * from './fakes/index.ts';

/** A Durable Object with nothing in it: tests put stores on its storage (runInDurableObject). */
export class StoreHost extends DurableObject {}
