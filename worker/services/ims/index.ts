// The image service, under /ims: a version document and an empty list. `openstack volume create` looks the service up
// before it sends anything, and needs no more of it.

import { z } from '@hono/zod-openapi';
import { notFound } from '../../http/errors.ts';
import { type App, type Call, json, Routes } from '../../http/operation.ts';
import { mustBeLive } from '../../http/session.ts';

/** Registers the service. */
export function registerIms(app: App): void {
  const versions = new Routes(app, '/ims', { tag: 'versions', envelope: 'openstack', access: 'none' });
  const show = (status: number) => (call: Call<unknown, unknown>) => {
    const links = [{ rel: 'self', href: `${call.endpoints.of('ims')}/v2/` }];
    return json(status, { versions: [{ id: 'v2.0', status: 'CURRENT', links }] });
  };
  for (const path of ['', '/']) {
    versions.get(path, {
      summary: 'Versions of the image service',
      answers: { 300: z.object({ versions: z.array(z.unknown()) }) },
      handle: show(300),
    });
  }
  for (const path of ['/v2', '/v2/']) {
    versions.get(path, {
      summary: 'Version 2 of the image service',
      answers: { 200: z.object({ versions: z.array(z.unknown()) }) },
      handle: show(200),
    });
  }
  new Routes(app, '/ims/v2', { tag: 'ims', envelope: 'openstack', access: 'token' })
    .get('/images', {
      summary: 'List images: there are none',
      answers: { 200: z.object({ images: z.array(z.unknown()) }) },
      handle: async (call) => {
        await mustBeLive(call.env, call.session);
        return json(200, { images: [], first: '/v2/images', schema: '/v2/schemas/images' });
      },
    })
    .get('/images/{image_id}', {
      summary: 'Show an image: there are none',
      answers: { 404: null },
      handle: async (call) => {
        await mustBeLive(call.env, call.session);
        throw notFound(`No image found with ID ${call.params.image_id}`);
      },
    });
}
