// Entry of the Worker: the HTTP application and the Durable Object classes.

import { createApp } from './app.ts';
import type { Env } from './env.ts';

export { Disk } from './disk/object.ts';
export { Identity } from './identity/object.ts';
export { Project } from './project/object.ts';
export { Vault } from './vault/object.ts';
export { Zone } from './zone/object.ts';

const app = createApp();

export default {
  fetch: (request, env, ctx) => app.fetch(request, env, ctx),
} satisfies ExportedHandler<Env>;
