// Members: the projects that a backup is shared with. The giver adds and removes them, each of them answers for itself.

import { z } from '@hono/zod-openapi';
import { notFound } from '../../http/errors.ts';
import { optionalText } from '../../http/fields.ts';
import { type Call, empty, json, type Routes } from '../../http/operation.ts';
import { pageOf } from '../../http/paging.ts';
import type { Sharing } from '../../project/contract.ts';
import { Member } from './shapes.ts';
import { memberView } from './views.ts';

const Members = z.object({ members: z.array(Member), count: z.number() });
const OneMember = z.object({ member: Member });

const MemberList = z.object({
  dest_project_id: optionalText,
  status: z.enum(['pending', 'accepted', 'rejected']).optional(),
  vault_id: optionalText,
  image_id: optionalText,
  limit: optionalText,
  offset: optionalText,
  marker: optionalText,
  sort: optionalText,
});

const AnswerBody = z.object({ status: z.enum(['pending', 'accepted', 'rejected']), vault_id: optionalText });

async function list(call: Call<z.output<typeof MemberList>, unknown>): Promise<Response> {
  const { query } = call;
  const backupId = call.params.backup_id!;
  // Also says no to who has nothing to do with this backup.
  const [one] = await call.ask((project, caller) => project.sharingsOf(caller, backupId));
  const page = await call.ask((project, caller) =>
    project.listSharings(caller, {
      ...pageOf(query, 'refuse'),
      direction: one?.toProjectId === caller.projectId ? 'received' : 'given',
      backupId,
      status: query.status,
      toProjectId: query.dest_project_id,
      vaultId: query.vault_id,
    }),
  );
  // Nobody makes images of backups here.
  const items = query.image_id === undefined ? page.items : [];
  return json(200, { members: items.map(memberView), count: query.image_id === undefined ? page.total : 0 });
}

async function memberOf(call: Call<unknown, unknown>): Promise<Sharing> {
  const { backup_id: backupId = '', member_project_id: memberId } = call.params;
  const sharings = await call.ask((project, caller) => project.sharingsOf(caller, backupId));
  const found = sharings.find((sharing) => sharing.toProjectId === memberId);
  if (found === undefined) throw notFound(`Backup ${backupId} is not shared with project ${memberId}.`);
  return found;
}

/** Registers the calls about members. */
export function memberRoutes(routes: Routes): void {
  const all = '/backups/{backup_id}/members';
  const one = `${all}/{member_project_id}`;
  routes
    .post(all, {
      summary: 'Share a backup with other projects',
      body: z.object({ members: z.array(z.string()).min(1).max(10) }),
      codes: { members: 'BackupService.6701' },
      answers: { 200: Members },
      handle: async (call) => {
        const added = await call.ask((project, caller) =>
          project.shareBackup(caller, call.params.backup_id!, call.body.members, 'cbr'),
        );
        return json(200, { members: added.map(memberView), count: added.length });
      },
    })
    .get(all, {
      summary: 'List the projects that a backup is shared with',
      query: MemberList,
      answers: { 200: Members },
      handle: list,
    })
    .get(one, {
      summary: 'Show how a backup is shared with a project',
      answers: { 200: OneMember },
      handle: async (call) => json(200, { member: memberView(await memberOf(call)) }),
    })
    .put(one, {
      summary: 'Accept or reject a backup that is shared with this project',
      body: AnswerBody,
      answers: { 200: OneMember },
      handle: async (call) => {
        const { backup_id: backupId = '', member_project_id: memberId } = call.params;
        if (memberId !== call.caller.projectId) throw notFound('A project answers for itself only.');
        const { status, vault_id: vaultId } = call.body;
        const sharing = await call.ask((project, caller) => project.answerShare(caller, backupId, { status, vaultId }));
        return json(200, { member: memberView(sharing) });
      },
    })
    .delete(one, {
      summary: 'Share a backup with a project no longer: what it accepted goes, disks made of it stay',
      answers: { 204: null },
      handle: async (call) => {
        const { backup_id: backupId = '', member_project_id: memberId = '' } = call.params;
        await call.ask((project, caller) => project.unshareBackup(caller, backupId, memberId));
        return empty(204);
      },
    });
}
