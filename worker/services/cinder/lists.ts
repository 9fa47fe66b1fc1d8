// Query parameters that all lists of the Cinder form take. Unknown ones are ignored (all_tenants, is_public, …).

import { z } from '@hono/zod-openapi';

export const ListParameters = z.object({
  limit: z.string().optional(),
  offset: z.string().optional(),
  marker: z.string().optional(),
  sort: z.string().optional(),
  sort_key: z.string().optional(),
  sort_dir: z.string().optional(),
  /** The name of the name in the first generation of clients. */
  display_name: z.string().optional(),
});
