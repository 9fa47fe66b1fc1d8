// The few OpenStack compute (Nova) calls that volume clients make: names of servers, attachments, start and stop.

import { z } from '@hono/zod-openapi';
import { badRequest, notFound } from '../../http/errors.ts';
import { optionalText } from '../../http/fields.ts';
import { type Call, empty, json, type Routes } from '../../http/operation.ts';
import { pageOf } from '../../http/paging.ts';
import { AttachmentView, attachmentView, ServerView, serverView } from './views.ts';

const ServerList = z.object({
  name: z.string().optional(),
  status: z.string().optional(),
  limit: z.string().optional(),
  marker: z.string().optional(),
});

const AttachBody = z.object({ volumeAttachment: z.object({ volumeId: z.string(), device: optionalText }) });

type ListCall = Call<z.output<typeof ServerList>, unknown>;

async function serversOf(call: ListCall) {
  const { name, status } = call.query;
  const wanted = { ...pageOf(call.query, 'clip'), ...(name ? { name } : {}), ...(status ? { status } : {}) };
  return (await call.ask((project, caller) => project.listServers(caller, wanted))).items;
}

async function act(call: Call<unknown, Readonly<Record<string, unknown>>>): Promise<Response> {
  const id = call.params.server_id!;
  const names = Object.keys(call.body);
  if (names.length !== 1) throw badRequest('The body must have exactly one action.');
  switch (names[0]) {
    case 'os-start':
      await call.ask((project, caller) => project.startServer(caller, id));
      break;
    case 'os-stop':
      await call.ask((project, caller) => project.stopServer(caller, id));
      break;
    default:
      throw badRequest(`There is no such action: ${names[0]?.slice(0, 64)}`);
  }
  return empty(202);
}

/** Registers the calls below /ecs/v2.1/{project_id}. */
export function computeRoutes(routes: Routes): void {
  const attachments = '/servers/{server_id}/os-volume_attachments';
  routes
    .get('/servers', {
      summary: 'List servers',
      query: ServerList,
      answers: { 200: z.object({ servers: z.array(z.object({ id: z.string(), name: z.string() })) }) },
      handle: async (call) =>
        json(200, { servers: (await serversOf(call)).map(({ id, name }) => ({ id, name, links: [] })) }),
    })
    .get('/servers/detail', {
      summary: 'List servers with details',
      query: ServerList,
      answers: { 200: z.object({ servers: z.array(ServerView) }) },
      handle: async (call) => json(200, { servers: (await serversOf(call)).map(serverView) }),
    })
    .get('/servers/{server_id}', {
      summary: 'Show a server',
      answers: { 200: z.object({ server: ServerView }) },
      handle: async (call) => {
        const server = await call.ask((project, caller) => project.getServer(caller, call.params.server_id!));
        return json(200, { server: serverView(server) });
      },
    })
    .post('/servers/{server_id}/action', {
      summary: 'Start (os-start) or stop (os-stop) a server',
      body: z.record(z.string(), z.unknown()),
      answers: { 202: null },
      handle: act,
    })
    .get(attachments, {
      summary: 'Disks of a server',
      answers: { 200: z.object({ volumeAttachments: z.array(AttachmentView) }) },
      handle: async (call) => {
        const server = await call.ask((project, caller) => project.getServer(caller, call.params.server_id!));
        return json(200, { volumeAttachments: server.attachments.map((each) => attachmentView(server, each)) });
      },
    })
    .post(attachments, {
      summary: 'Attach a disk',
      body: AttachBody,
      answers: { 200: z.object({ volumeAttachment: AttachmentView }) },
      handle: async (call) => {
        const id = call.params.server_id!;
        const { volumeId, device } = call.body.volumeAttachment;
        const { attachment } = await call.ask((project, caller) =>
          project.attachToServer(caller, id, { volumeId, ...(device ? { device } : {}) }),
        );
        return json(200, { volumeAttachment: attachmentView({ id }, attachment) });
      },
    })
    .get(`${attachments}/{volume_id}`, {
      summary: 'One disk of a server',
      answers: { 200: z.object({ volumeAttachment: AttachmentView }) },
      handle: async (call) => {
        const { server_id: id, volume_id: volumeId } = call.params;
        const server = await call.ask((project, caller) => project.getServer(caller, id!));
        const attachment = server.attachments.find((each) => each.volumeId === volumeId);
        if (attachment === undefined) throw notFound(`Volume ${volumeId} is not attached to server ${id}.`);
        return json(200, { volumeAttachment: attachmentView(server, attachment) });
      },
    })
    .delete(`${attachments}/{volume_id}`, {
      summary: 'Detach a disk',
      answers: { 202: null },
      handle: async (call) => {
        const { server_id: id, volume_id: volumeId } = call.params;
        await call.ask((project, caller) => project.detachFromServer(caller, id!, volumeId!));
        return empty(202);
      },
    });
}
