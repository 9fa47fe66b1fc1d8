// Attachments (3.27): reserve a volume, say who connects, say that the connection stands.

import { z } from '@hono/zod-openapi';
import { badRequest } from '../../http/errors.ts';
import { optionalText } from '../../http/fields.ts';
import { type Call, empty, json, type Routes } from '../../http/operation.ts';
import { plainTime } from '../../http/times.ts';
import { ATTACHMENT_SORT_KEYS } from '../../project/attachment-records.ts';
import type { Attachment, Connector } from '../../project/contract.ts';
import { connectionTo } from './connections.ts';
import { ListParameters, listBody, pageFor } from './lists.ts';
import { links } from './shapes.ts';
import { SINCE } from './since.ts';

const ConnectorBody = z.looseObject({
  host: optionalText,
  mountpoint: optionalText,
  mode: z.enum(['rw', 'ro', 'null']).nullish(),
});
const CreateBody = z.object({
  attachment: z.object({
    volume_uuid: z.string(),
    instance_uuid: optionalText,
    connector: ConnectorBody.nullish(),
    mode: z.enum(['rw', 'ro', 'null']).nullish(),
  }),
});
const UpdateBody = z.object({
  attachment: z.object({ connector: ConnectorBody.refine((connector) => !isEmpty(connector), 'nobody connects') }),
});
const ActionBody = z.looseObject({ 'os-complete': z.unknown().optional() });

const AttachmentList = ListParameters.extend({
  volume_id: z.string().optional(),
  instance_id: z.string().optional(),
  instance_uuid: z.string().optional(),
  status: z.string().optional(),
  attach_status: z.string().optional(),
});

const AttachmentSummary = z.strictObject({
  id: z.string(),
  status: z.string(),
  instance: z.string().nullable(),
  volume_id: z.string(),
});
const AttachmentDetail = AttachmentSummary.extend({
  attached_at: z.string(),
  detached_at: z.string(),
  attach_mode: z.string(),
  connection_info: z.looseObject({}),
}).openapi('CinderAttachment');

type AnyCall = Call<unknown, unknown>;

/** A connector of nothing says that nobody connects yet. */
function isEmpty(connector: object): boolean {
  return Object.keys(connector).length === 0;
}

function connectorOf({ host, mountpoint, mode }: z.output<typeof ConnectorBody>): Connector {
  return { hostName: host, device: mountpoint, mode: modeOf(mode) };
}

const modeOf = (mode: 'rw' | 'ro' | 'null' | null | undefined) => (mode === 'rw' || mode === 'ro' ? mode : undefined);

function summaryView(at: Attachment): z.input<typeof AttachmentSummary> {
  return { id: at.id, status: at.state ?? 'attached', instance: at.serverId, volume_id: at.volumeId };
}

/** How the volume is reached is told to who said that it connects. */
async function detailView(call: AnyCall, at: Attachment): Promise<z.input<typeof AttachmentDetail>> {
  return {
    ...summaryView(at),
    attached_at: at.state === undefined || at.state === 'attached' ? plainTime(at.attachedMs) : '',
    detached_at: '',
    attach_mode: at.mode,
    connection_info: at.state === 'reserved' ? {} : await connectionTo(call, at.volumeId),
  };
}

async function list(call: Call<z.output<typeof AttachmentList>, unknown>, detailed: boolean): Promise<Response> {
  const { query } = call;
  const page = await pageFor(call, ATTACHMENT_SORT_KEYS, (project, caller, paging) =>
    project.listAttachments(caller, {
      ...paging,
      volumeId: query.volume_id,
      serverId: query.instance_id ?? query.instance_uuid,
      state: query.attach_status ?? query.status,
    }),
  );
  const views = await Promise.all(page.items.map((at) => (detailed ? detailView(call, at) : summaryView(at))));
  return json(200, {
    ...listBody(call, 'attachments', page, (at) => at),
    attachments: views,
  });
}

async function create(call: Call<unknown, z.output<typeof CreateBody>>): Promise<Response> {
  const { volume_uuid: volumeId, instance_uuid: serverId, connector, mode } = call.body.attachment;
  const made = await call.find((project, caller) =>
    project.createAttachment(caller, {
      volumeId,
      serverId,
      connector: connector == null || isEmpty(connector) ? null : connectorOf(connector),
      mode: call.microversion >= SINCE.attachmentMode ? modeOf(mode) : undefined,
    }),
  );
  return json(200, { attachment: await detailView(call, made) });
}

/** Registers the attachment calls of one version. */
export function attachmentRoutes(routes: Routes): void {
  const since = SINCE.attachments;
  const DetailAnswer = z.object({ attachment: AttachmentDetail });
  const listAnswer = (item: z.ZodType) => z.object({ attachments: z.array(item), attachments_links: links.optional() });
  const one = '/attachments/{attachment_id}';
  const idOf = (call: AnyCall) => call.params.attachment_id!;
  routes
    .post('/attachments', {
      summary: 'Reserve a volume for a server, a host or anybody; with a connector, begin to attach it',
      since,
      body: CreateBody,
      answers: { 200: DetailAnswer },
      handle: create,
    })
    .get('/attachments', {
      summary: 'List attachments',
      since,
      query: AttachmentList,
      answers: { 200: listAnswer(AttachmentSummary) },
      handle: (call) => list(call, false),
    })
    .get('/attachments/detail', {
      summary: 'List attachments with details',
      since,
      query: AttachmentList,
      answers: { 200: listAnswer(AttachmentDetail) },
      handle: (call) => list(call, true),
    })
    .get(one, {
      summary: 'Show an attachment',
      since,
      answers: { 200: DetailAnswer },
      handle: async (call) => {
        const at = await call.find((project, caller) => project.getAttachment(caller, idOf(call)));
        return json(200, { attachment: await detailView(call, at) });
      },
    })
    .put(one, {
      summary: 'Say who connects',
      since,
      body: UpdateBody,
      answers: { 200: DetailAnswer },
      handle: async (call) => {
        const connector = connectorOf(call.body.attachment.connector);
        const at = await call.find((project, caller) => project.updateAttachment(caller, idOf(call), connector));
        return json(200, { attachment: await detailView(call, at) });
      },
    })
    .delete(one, {
      summary: 'Let go of a volume',
      since,
      answers: { 200: listAnswer(AttachmentSummary) },
      handle: async (call) => {
        const rest = await call.find((project, caller) => project.deleteAttachment(caller, idOf(call)));
        return json(200, { attachments: rest.map(summaryView) });
      },
    })
    .post(`${one}/action`, {
      summary: 'os-complete: the connection stands',
      since: SINCE.attachmentComplete,
      body: ActionBody,
      answers: { 204: null },
      handle: async (call) => {
        const names = Object.keys(call.body);
        if (names.length !== 1 || names[0] !== 'os-complete') throw badRequest('The only action is os-complete.');
        await call.find((project, caller) => project.completeAttachment(caller, idOf(call)));
        return empty(204);
      },
    });
}
