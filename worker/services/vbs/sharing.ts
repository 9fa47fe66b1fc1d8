// Sharing in the form of VBS: what is shared is good at once, and makes disks in the other project.

import { z } from '@hono/zod-openapi';
import { optionalText, queryFlag } from '../../http/fields.ts';
import { type Call, empty, json, type Routes } from '../../http/operation.ts';
import { nextLink, pageOf } from '../../http/paging.ts';
import { plainTime } from '../../http/times.ts';
import type { Page, Sharing as Shared } from '../../project/contract.ts';
import { backupDetail, VbsBackupDetail } from '../backups/views.ts';
import { links } from '../cinder/shapes.ts';

const Sharing = z
  .strictObject({
    id: z.string(),
    backup_id: z.string(),
    from_project_id: z.string(),
    to_project_id: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
    /** Text, as the vendor has it: what was deleted is not shown. */
    deleted: z.literal('false'),
    deleted_at: z.null(),
    backup: VbsBackupDetail.optional(),
  })
  .openapi('Sharing');

const SharingList = z.object({
  share_to_me: optionalText,
  volume_id: optionalText,
  name: optionalText,
  status: optionalText,
  backup_id: optionalText,
  from_project_id: optionalText,
  to_project_id: optionalText,
  availability_zone: optionalText,
  sort_key: optionalText,
  sort_dir: optionalText,
  limit: optionalText,
  offset: optionalText,
  marker: optionalText,
});

type ListCall = Call<z.output<typeof SharingList>, unknown>;

function view(sharing: Shared): z.input<typeof Sharing> {
  return {
    id: sharing.id,
    backup_id: sharing.backupId,
    from_project_id: sharing.fromProjectId,
    to_project_id: sharing.toProjectId,
    created_at: plainTime(sharing.createdMs),
    updated_at: plainTime(sharing.updatedMs),
    deleted: 'false',
    deleted_at: null,
  };
}

const detailed = (call: Call<unknown, unknown>, sharing: Shared): z.input<typeof Sharing> => ({
  ...view(sharing),
  backup: backupDetail(call, sharing.backup, 'vbs'),
});

function pageFor(call: ListCall): Promise<Page<Shared>> {
  const { query } = call;
  return call.ask((project, caller) =>
    project.listSharings(caller, {
      ...pageOf(query, 'refuse'),
      direction: queryFlag(query.share_to_me) ? 'received' : 'given',
      backupId: query.backup_id,
      fromProjectId: query.from_project_id,
      toProjectId: query.to_project_id,
      volumeId: query.volume_id,
      backupName: query.name,
      backupStatus: query.status,
      backupZone: query.availability_zone,
    }),
  );
}

/** Registers the calls below /vbs/v2/{project_id}. */
export function sharingRoutes(routes: Routes): void {
  const base = '/os-vendor-backup-sharing';
  routes
    .post(base, {
      summary: 'Share a backup with other projects',
      body: z.object({
        shared: z.object({ backup_id: z.string(), to_project_ids: z.array(z.string()).min(1).max(10) }),
      }),
      answers: { 200: z.object({ shared: z.array(Sharing) }) },
      handle: async (call) => {
        const { backup_id: backupId, to_project_ids: projectIds } = call.body.shared;
        const shared = await call.ask((project, caller) => project.shareBackup(caller, backupId, projectIds, 'vbs'));
        return json(200, { shared: shared.map(view) });
      },
    })
    .get(`${base}/detail`, {
      summary: 'List what is shared, by this project or with it',
      query: SharingList,
      answers: { 200: z.object({ shared: z.array(Sharing), shared_links: links.optional() }) },
      handle: async (call) => {
        const page = await pageFor(call);
        const shared = page.items.map((one) => detailed(call, one));
        return json(200, { shared, ...nextLink(call.endpoints, 'shared', page) });
      },
    })
    .get(`${base}/count`, {
      summary: 'Count what is shared, by this project or with it',
      query: SharingList,
      answers: { 200: z.object({ count: z.number().int() }) },
      handle: async (call) => json(200, { count: (await pageFor(call)).total }),
    })
    .get(`${base}/{sharing_id}`, {
      summary: 'Show a sharing',
      answers: { 200: z.object({ shared: Sharing }) },
      handle: async (call) => {
        const sharing = await call.ask((project, caller) => project.getSharing(caller, call.params.sharing_id!));
        return json(200, { shared: detailed(call, sharing) });
      },
    })
    .delete(`${base}/{sharing_id}`, {
      summary: 'End a sharing, or with is_backup_id all of a backup',
      query: z.object({ is_backup_id: optionalText }),
      answers: { 200: null },
      handle: async (call) => {
        const id = call.params.sharing_id!;
        const which = queryFlag(call.query.is_backup_id) ? { backupId: id } : { id };
        await call.ask((project, caller) => project.cancelSharing(caller, which));
        return empty(200);
      },
    });
}
