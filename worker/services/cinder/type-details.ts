// What belongs to a volume type: extra specs and the record of its encryption. For administrators, but for reading specs.

import { z } from '@hono/zod-openapi';
import { fault } from '../../faults.ts';
import { badRequest, FaultError, notFound } from '../../http/errors.ts';
import { type Call, empty, json, type Routes } from '../../http/operation.ts';
import { askCatalog, mustBeAdmin } from '../../http/reach.ts';
import { plainTime } from '../../http/times.ts';
import type { EncryptionInput } from '../../project/contract.ts';
import { someSpecs } from './specs.ts';
import { encryptionView, typeOf } from './type-views.ts';
import { whileUnused } from './unused-types.ts';

const SpecsBody = z.object({ extra_specs: someSpecs });

const SpecBody = someSpecs;
const SpecAnswer = z.record(z.string(), z.string());

const keySize = z.union([z.number().int().min(0), z.string().regex(/^\d{1,9}$/)]).nullish();

const fields = {
  cipher: z.string().max(255).nullish(),
  key_size: keySize,
};
const EncryptionBody = z.object({
  encryption: z.object({
    provider: z.string().min(1).max(255),
    control_location: z.enum(['front-end', 'back-end']),
    ...fields,
  }),
});
const EncryptionChange = z.object({
  encryption: z.object({
    provider: z.string().min(1).max(255).optional(),
    control_location: z.enum(['front-end', 'back-end']).optional(),
    ...fields,
  }),
});

async function setSpecs(call: Call<unknown, unknown>, specs: Readonly<Record<string, string>>): Promise<Response> {
  await mustBeAdmin(call.session, call.env);
  await askCatalog(call.session, call.env, (catalog, caller) =>
    catalog.changeExtraSpecs(caller, call.params.type_id!, { set: specs }),
  );
  return json(200, { extra_specs: specs });
}

async function setSpec(call: Call<unknown, z.output<typeof SpecBody>>): Promise<Response> {
  await mustBeAdmin(call.session, call.env);
  const key = call.params.key!;
  const keys = Object.keys(call.body);
  if (keys.length !== 1 || keys[0] !== key) throw badRequest('Request body and URI mismatch, or too many items.');
  await askCatalog(call.session, call.env, (catalog, caller) =>
    catalog.changeExtraSpecs(caller, call.params.type_id!, { set: call.body }),
  );
  return json(200, call.body);
}

async function showSpec(call: Call<unknown, unknown>): Promise<Response> {
  const type = await typeOf(call);
  const key = call.params.key!;
  if (!Object.hasOwn(type.extraSpecs, key)) {
    throw new FaultError(fault('extra-spec-not-found', { id: type.id, key }));
  }
  return json(200, { [key]: type.extraSpecs[key] });
}

async function removeSpec(call: Call<unknown, unknown>): Promise<Response> {
  await mustBeAdmin(call.session, call.env);
  await askCatalog(call.session, call.env, (catalog, caller) =>
    catalog.changeExtraSpecs(caller, call.params.type_id!, { remove: call.params.key! }),
  );
  return empty(202);
}

async function showEncryption(call: Call<unknown, unknown>): Promise<Response> {
  await mustBeAdmin(call.session, call.env);
  const { id, encryption } = await typeOf(call);
  if (encryption === null) return json(200, {});
  return json(200, {
    volume_type_id: id,
    ...encryptionView(encryption),
    deleted: false,
    created_at: plainTime(encryption.createdMs),
    updated_at: encryption.updatedMs === null ? null : plainTime(encryption.updatedMs),
    deleted_at: null,
  });
}

async function showEncryptionItem(call: Call<unknown, unknown>): Promise<Response> {
  await mustBeAdmin(call.session, call.env);
  const { encryption } = await typeOf(call);
  const item = call.params.item!;
  const view: Readonly<Record<string, unknown>> = encryption === null ? {} : encryptionView(encryption);
  if (!Object.hasOwn(view, item)) throw notFound(`Volume type encryption has no ${item}.`);
  return json(200, { [item]: view[item] });
}

/** Volumes that exist would not change: refused while there are any. */
async function changeEncryption(
  call: Call<unknown, unknown>,
  mode: 'create' | 'update' | 'delete',
  body: Partial<z.output<typeof EncryptionBody>['encryption']> = {},
) {
  await mustBeAdmin(call.session, call.env);
  const type = await typeOf(call);
  const input: EncryptionInput = {
    ...(body.provider === undefined ? {} : { provider: body.provider }),
    ...(body.control_location === undefined ? {} : { controlLocation: body.control_location }),
    ...(body.cipher === undefined ? {} : { cipher: body.cipher }),
    ...(body.key_size === undefined ? {} : { keySizeBits: body.key_size === null ? null : Number(body.key_size) }),
  };
  return await whileUnused(call, type, (catalog, caller) => catalog.setTypeEncryption(caller, type.id, mode, input));
}

/** Registers the calls of one version. */
export function typeDetailRoutes(routes: Routes): void {
  const specs = '/types/{type_id}/extra_specs';
  const encryption = '/types/{type_id}/encryption';
  const EncryptionAnswer = z.object({ encryption: z.looseObject({}) });
  routes
    .get(specs, {
      summary: 'Extra specs of a volume type',
      answers: { 200: z.object({ extra_specs: SpecAnswer }) },
      handle: async (call) => json(200, { extra_specs: (await typeOf(call)).extraSpecs }),
    })
    .post(specs, {
      summary: 'Add or change extra specs',
      body: SpecsBody,
      answers: { 200: z.object({ extra_specs: SpecAnswer }) },
      handle: (call) => setSpecs(call, call.body.extra_specs),
    })
    .get(`${specs}/{key}`, { summary: 'One extra spec', answers: { 200: SpecAnswer }, handle: showSpec })
    .put(`${specs}/{key}`, {
      summary: 'Change one extra spec',
      body: SpecBody,
      answers: { 200: SpecAnswer },
      handle: setSpec,
    })
    .delete(`${specs}/{key}`, { summary: 'Remove one extra spec', answers: { 202: null }, handle: removeSpec })
    .get(encryption, {
      summary: 'The encryption record of a volume type; empty when it has none',
      answers: { 200: z.looseObject({}) },
      handle: showEncryption,
    })
    .post(encryption, {
      summary: 'Give a volume type an encryption record',
      body: EncryptionBody,
      answers: { 200: EncryptionAnswer },
      handle: async (call) => {
        const made = await changeEncryption(call, 'create', call.body.encryption);
        return json(200, { encryption: { volume_type_id: call.params.type_id, ...encryptionView(made) } });
      },
    })
    .get(`${encryption}/{item}`, {
      summary: 'One item of the encryption record',
      answers: { 200: z.looseObject({}) },
      handle: showEncryptionItem,
    })
    .put(`${encryption}/{item}`, {
      summary: 'Change the encryption record of a volume type',
      body: EncryptionChange,
      answers: { 200: EncryptionAnswer },
      handle: async (call) => {
        await changeEncryption(call, 'update', call.body.encryption);
        return json(200, { encryption: call.body.encryption });
      },
    })
    .delete(`${encryption}/{item}`, {
      summary: 'Remove the encryption record of a volume type',
      answers: { 202: null },
      handle: async (call) => {
        await changeEncryption(call, 'delete');
        return empty(202);
      },
    });
}
