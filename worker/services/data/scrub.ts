// Routes that look for damage of a disk and mend it.

import { z } from '@hono/zod-openapi';
import { optionalText } from '../../http/fields.ts';
import type { Routes } from '../../http/operation.ts';
import { accepted, OperationAnswer } from './operations.ts';

const Request = z.object({ id: optionalText });

/** Registers them. */
export function scrubRoutes(routes: Routes): void {
  routes
    .post('/volumes/{id}/scrub', {
      summary:
        'Read and verify everything that a disk stores: which ranges of it and its snapshots are damaged, and how',
      body: Request,
      answers: { 202: OperationAnswer },
      handle: async ({ ask, body, params }) =>
        accepted(params.project_id!, await ask((project, caller) => project.scrubVolume(caller, params.id!, body))),
    })
    .post('/volumes/{id}/heal', {
      summary: 'Bring back what is damaged of a disk and its snapshots, from whichever vault of the project has it',
      body: Request,
      answers: { 202: OperationAnswer },
      handle: async ({ ask, body, params }) =>
        accepted(params.project_id!, await ask((project, caller) => project.healVolume(caller, params.id!, body))),
    });
}
