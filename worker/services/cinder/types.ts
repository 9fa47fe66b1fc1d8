// Volume types: everybody lists them, administrators make and change them, and say who may use one.

import { z } from '@hono/zod-openapi';
import { fault } from '../../faults.ts';
import { badRequest, FaultError } from '../../http/errors.ts';
import { clearableText, flag, optionalFlag, queryDictionary } from '../../http/fields.ts';
import { type Call, empty, json, type Routes } from '../../http/operation.ts';
import { askCatalog, askEvery, isAdmin, mustBeAdmin } from '../../http/reach.ts';
import { specs } from './specs.ts';
import { createdTypeView, TypeAnswer, TypeView, typeOf, typeView, visibleTypes } from './type-views.ts';
import { whileUnused } from './unused-types.ts';

const CreateBody = z.object({
  volume_type: z.object({
    name: z.string().trim().min(1).max(255),
    description: clearableText,
    extra_specs: specs.optional(),
    'os-volume-type-access:is_public': optionalFlag,
  }),
});

const UpdateBody = z.object({
  volume_type: z.object({
    name: z.string().trim().min(1).max(255).nullish(),
    description: clearableText,
    is_public: optionalFlag,
  }),
});

const AccessBody = z.looseObject({
  addProjectAccess: z.object({ project: z.string().min(1).max(255) }).optional(),
  removeProjectAccess: z.object({ project: z.string().min(1).max(255) }).optional(),
});

const TypeList = z.object({
  is_public: z.string().optional(),
  extra_specs: z.string().optional(),
  name: z.string().optional(),
});

async function list(call: Call<z.output<typeof TypeList>, unknown>): Promise<Response> {
  const { is_public: isPublic, extra_specs: specs, name } = call.query;
  // To an administrator, without a word about it, the public ones; "None" asks for all.
  const wanted = isAdmin(call.caller) ? (isPublic === undefined ? true : flag.safeParse(isPublic).data) : undefined;
  const pairs = Object.entries(queryDictionary(specs) ?? {});
  const types = (await visibleTypes(call)).filter(
    (type) =>
      (wanted === undefined || type.isPublic === wanted) &&
      (name === undefined || type.name === name) &&
      pairs.every(([key, value]) => type.extraSpecs[key] === value),
  );
  return json(200, { volume_types: types.map(typeView) });
}

async function show(call: Call<unknown, unknown>): Promise<Response> {
  const wanted = call.params.type_id!;
  const type = (await visibleTypes(call)).find(
    (each) => each.id === wanted || each.name === wanted || (wanted === 'default' && each.isDefault),
  );
  if (type === undefined) throw new FaultError(fault('type-not-found', { type: wanted }));
  return json(200, { volume_type: typeView(type) });
}

async function create(call: Call<unknown, z.output<typeof CreateBody>>): Promise<Response> {
  const input = call.body.volume_type;
  const type = await askCatalog(call.session, call.env, (catalog, caller) =>
    catalog.createVolumeType(caller, {
      name: input.name,
      description: input.description,
      isPublic: input['os-volume-type-access:is_public'],
      extraSpecs: input.extra_specs,
    }),
  );
  return json(200, { volume_type: createdTypeView(type) });
}

async function update(call: Call<unknown, z.output<typeof UpdateBody>>): Promise<Response> {
  await mustBeAdmin(call.session, call.env);
  const before = await typeOf(call);
  const { name, description, is_public: isPublic } = call.body.volume_type;
  const type = await askCatalog(call.session, call.env, (catalog, caller) =>
    catalog.updateVolumeType(caller, before.id, { name: name ?? undefined, description, isPublic }),
  );
  // Volumes carry the name of their type. Said again also when it has that name: some project may have missed it.
  if (name != null) {
    await askEvery(call.session, call.env, (project, caller) =>
      project.renameType(caller, type.id, before.name, type.name),
    );
  }
  const { 'os-volume-type-access:is_public': _, ...view } = createdTypeView(type);
  return json(200, { volume_type: view });
}

async function remove(call: Call<unknown, unknown>): Promise<Response> {
  await mustBeAdmin(call.session, call.env);
  const type = await typeOf(call);
  await whileUnused(call, type, (catalog, caller) => catalog.deleteVolumeType(caller, type.id));
  return empty(202);
}

async function listAccess(call: Call<unknown, unknown>): Promise<Response> {
  await mustBeAdmin(call.session, call.env);
  const type = await typeOf(call);
  if (type.isPublic) throw new FaultError(fault('type-access-not-found', { id: type.id, projectId: 'all' }));
  const access = type.projectIds.map((projectId) => ({ volume_type_id: type.id, project_id: projectId }));
  return json(200, { volume_type_access: access });
}

async function changeAccess(call: Call<unknown, z.output<typeof AccessBody>>): Promise<Response> {
  const { addProjectAccess: added, removeProjectAccess: removed } = call.body;
  const change = added ?? removed;
  if (change === undefined || Object.keys(call.body).length !== 1) {
    throw badRequest('The body must have exactly one of addProjectAccess and removeProjectAccess.');
  }
  await askCatalog(call.session, call.env, (catalog, caller) =>
    catalog.changeTypeAccess(caller, call.params.type_id!, change.project, added !== undefined),
  );
  return empty(202);
}

/** Registers the type calls of one version. */
export function typeRoutes(routes: Routes): void {
  routes
    .get('/types', {
      summary: 'List volume types',
      query: TypeList,
      answers: { 200: z.object({ volume_types: z.array(TypeView) }) },
      handle: list,
    })
    .get('/types/{type_id}', {
      summary: 'Show a volume type by id or name, or the default one',
      answers: { 200: TypeAnswer },
      handle: show,
    })
    .post('/types', { summary: 'Make a volume type', body: CreateBody, answers: { 200: TypeAnswer }, handle: create })
    .put('/types/{type_id}', {
      summary: 'Change name, description or visibility of a volume type',
      body: UpdateBody,
      answers: { 200: z.object({ volume_type: z.looseObject({ id: z.string() }) }) },
      handle: update,
    })
    .delete('/types/{type_id}', {
      summary: 'Delete a volume type that no volume has',
      answers: { 202: null },
      handle: remove,
    })
    .get('/types/{type_id}/os-volume-type-access', {
      summary: 'Projects that may use a private volume type',
      answers: {
        200: z.object({
          volume_type_access: z.array(z.strictObject({ volume_type_id: z.string(), project_id: z.string() })),
        }),
      },
      handle: listAccess,
    })
    .post('/types/{type_id}/action', {
      summary: 'Let a project use a private volume type, or no longer',
      body: AccessBody,
      answers: { 202: null },
      handle: changeAccess,
    });
}
