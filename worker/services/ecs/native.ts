// The vendor's server calls, as far as disks need them: register a server with its disks, attach, detach, reinstall.

import { z } from '@hono/zod-openapi';
import { badRequest } from '../../http/errors.ts';
import { optionalText } from '../../http/fields.ts';
import { type Call, empty, json, type Routes } from '../../http/operation.ts';
import { JobAnswer } from '../evs/shapes.ts';
import { ServerView, serverView } from './views.ts';

const volumeRef = z.object({ id: z.string() });

const CreateBody = z.object({
  server: z.object({
    name: z.string().min(1),
    availability_zone: optionalText,
    root_volume: volumeRef,
    data_volumes: z.array(volumeRef).nullish(),
  }),
});

const AttachBody = z.object({ volumeAttachment: z.object({ volumeId: z.string(), device: optionalText }) });

/** Settings of the new OS (key pair, image) are taken and ignored: no operating system is installed here. */
const ReinstallBody = z.object({ 'os-reinstall': z.unknown() });
const ChangeBody = z.object({ 'os-change': z.unknown() });

async function create(call: Call<unknown, z.output<typeof CreateBody>>): Promise<Response> {
  const { server } = call.body;
  if (server.availability_zone !== undefined) {
    // A server is where its system disk is; a caller that says otherwise is wrong about one of them.
    const root = await call.ask((project, caller) => project.getVolume(caller, server.root_volume.id));
    if (root.zone !== server.availability_zone) {
      throw badRequest(`The root volume is in ${root.zone}, not in ${server.availability_zone}.`, 'Ecs.0212');
    }
  }
  const made = await call.ask((project, caller) =>
    project.createServer(caller, {
      name: server.name,
      systemVolumeId: server.root_volume.id,
      dataVolumeIds: server.data_volumes?.map((volume) => volume.id),
    }),
  );
  return json(200, { serverIds: [made.id], server: serverView(made) });
}

async function reinstall(call: Call<unknown, unknown>): Promise<Response> {
  const { jobId } = await call.ask((project, caller) => project.reinstallOs(caller, call.params.server_id!));
  return json(200, { job_id: jobId });
}

/** Registers the calls below /ecs/v1/{project_id}. */
export function nativeServerRoutes(routes: Routes): void {
  routes
    .post('/cloudservers', {
      summary: 'Register a server: its system disk and data disks exist already',
      body: CreateBody,
      answers: { 200: z.object({ serverIds: z.array(z.string()), server: ServerView }) },
      handle: create,
    })
    .get('/cloudservers/{server_id}', {
      summary: 'Show a server',
      answers: { 200: z.object({ server: ServerView }) },
      handle: async (call) => {
        const server = await call.ask((project, caller) => project.getServer(caller, call.params.server_id!));
        return json(200, { server: serverView(server) });
      },
    })
    .delete('/cloudservers/{server_id}', {
      summary: 'Remove a server; its disks stay',
      answers: { 204: null },
      handle: async (call) => {
        await call.ask((project, caller) => project.deleteServer(caller, call.params.server_id!));
        return empty(204);
      },
    })
    .post('/cloudservers/{server_id}/attachvolume', {
      summary: 'Attach a disk',
      body: AttachBody,
      answers: { 200: JobAnswer },
      handle: async (call) => {
        const { volumeId, device } = call.body.volumeAttachment;
        const { jobId } = await call.ask((project, caller) =>
          project.attachToServer(caller, call.params.server_id!, { volumeId, ...(device ? { device } : {}) }),
        );
        return json(200, { job_id: jobId });
      },
    })
    .delete('/cloudservers/{server_id}/detachvolume/{volume_id}', {
      summary: 'Detach a disk',
      answers: { 200: JobAnswer },
      handle: async (call) => {
        const { server_id: serverId, volume_id: volumeId } = call.params;
        const { jobId } = await call.ask((project, caller) => project.detachFromServer(caller, serverId!, volumeId!));
        return json(200, { job_id: jobId });
      },
    })
    .post('/cloudservers/{server_id}/reinstallos', {
      summary: 'Reinstall the OS: the system disk is emptied and loses its snapshots',
      body: ReinstallBody,
      answers: { 200: JobAnswer },
      handle: reinstall,
    })
    .post('/cloudservers/{server_id}/changeos', {
      summary: 'Change the OS: the system disk is emptied and loses its snapshots',
      body: ChangeBody,
      answers: { 200: JobAnswer },
      handle: reinstall,
    });
}
