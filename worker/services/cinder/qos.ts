// Specs of quality of service, and the types that they are of. They are kept for those who ask: nothing is shaped by them.

import { z } from '@hono/zod-openapi';
import { fault } from '../../faults.ts';
import { badRequest, FaultError } from '../../http/errors.ts';
import { queryFlag } from '../../http/fields.ts';
import { type Call, empty, json, type Routes } from '../../http/operation.ts';
import { askCatalog, mustBeAdmin } from '../../http/reach.ts';
import type { QosSpecs } from '../../project/contract.ts';
import { links } from './shapes.ts';
import { someSpecs } from './specs.ts';
import { visibleTypes } from './type-views.ts';
import { linksOf } from './views.ts';

const DEFAULT_CONSUMER = 'back-end';

const QosView = z
  .strictObject({ id: z.string(), name: z.string(), consumer: z.string(), specs: z.record(z.string(), z.string()) })
  .openapi('QosSpecs');
const QosAnswer = z.object({ qos_specs: QosView, links });

const consumer = z.enum(['front-end', 'back-end', 'both']);
const CreateBody = z.object({
  qos_specs: z.object({ name: z.string().trim().min(1).max(255), consumer: consumer.optional() }).catchall(z.string()),
});
const ChangeBody = z.object({ qos_specs: someSpecs });
const RemoveBody = z.object({ keys: z.array(z.string().min(1)).min(1) });

type AnyCall = Call<unknown, unknown>;

const view = ({ id, name, consumer: who, specs }: QosSpecs) => ({ id, name, consumer: who, specs: { ...specs } });

const idOf = (call: AnyCall) => call.params.qos_id!;

async function all(call: AnyCall): Promise<readonly QosSpecs[]> {
  await mustBeAdmin(call.session, call.env);
  return await askCatalog(call.session, call.env, (catalog, caller) => catalog.listQosSpecs(caller));
}

async function one(call: AnyCall): Promise<QosSpecs> {
  const found = (await all(call)).find((specs) => specs.id === idOf(call));
  if (found === undefined) throw new FaultError(fault('qos-not-found', { id: idOf(call) }));
  return found;
}

function answer(call: AnyCall, specs: QosSpecs): Response {
  return json(200, { qos_specs: view(specs), links: linksOf(call, 'qos-specs', specs.id) });
}

async function create(call: Call<unknown, z.output<typeof CreateBody>>): Promise<Response> {
  const { name, consumer: who = DEFAULT_CONSUMER, ...specs } = call.body.qos_specs;
  const made = await askCatalog(call.session, call.env, (catalog, caller) =>
    catalog.createQosSpecs(caller, { name, consumer: who, specs: specs as Record<string, string> }),
  );
  return answer(call, made);
}

async function change(call: Call<unknown, z.output<typeof ChangeBody>>): Promise<Response> {
  const set = call.body.qos_specs;
  if (set.consumer !== undefined && !consumer.safeParse(set.consumer).success) {
    throw badRequest('Invalid input for field/attribute consumer: front-end, back-end or both.');
  }
  await askCatalog(call.session, call.env, (catalog, caller) => catalog.changeQosSpecs(caller, idOf(call), { set }));
  return json(200, { qos_specs: set });
}

async function associations(call: AnyCall): Promise<Response> {
  const { id } = await one(call);
  const types = (await visibleTypes(call)).filter((type) => type.qosSpecsId === id);
  return json(200, {
    qos_associations: types.map(({ id: typeId, name }) => ({ association_type: 'volume_type', name, id: typeId })),
  });
}

/** Null: all types that have the specs. */
async function associate(call: AnyCall, typeId: string | null | undefined, associated: boolean): Promise<Response> {
  await mustBeAdmin(call.session, call.env);
  if (typeId === undefined) throw badRequest('The query must have vol_type_id.');
  await askCatalog(call.session, call.env, (catalog, caller) =>
    catalog.associateQosSpecs(caller, idOf(call), typeId, associated),
  );
  return empty(202);
}

/** Registers the calls of one version. */
export function qosRoutes(routes: Routes): void {
  const path = '/qos-specs/{qos_id}';
  const OneType = z.object({ vol_type_id: z.string().optional() });
  routes
    .get('/qos-specs', {
      summary: 'List specs of quality of service (for administrators, as all of them)',
      answers: { 200: z.object({ qos_specs: z.array(QosView) }) },
      handle: async (call) => json(200, { qos_specs: (await all(call)).map(view) }),
    })
    .post('/qos-specs', { summary: 'Make specs', body: CreateBody, answers: { 200: QosAnswer }, handle: create })
    .get(path, {
      summary: 'Show specs',
      answers: { 200: QosAnswer },
      handle: async (call) => answer(call, await one(call)),
    })
    .put(path, {
      summary: 'Set keys of specs',
      body: ChangeBody,
      answers: { 200: z.object({ qos_specs: z.record(z.string(), z.string()) }) },
      handle: change,
    })
    .delete(path, {
      summary: 'Delete specs; with force also those that types have',
      query: z.object({ force: z.string().optional() }),
      answers: { 202: null },
      handle: async (call) => {
        const force = queryFlag(call.query.force);
        await askCatalog(call.session, call.env, (catalog, caller) =>
          catalog.deleteQosSpecs(caller, idOf(call), force),
        );
        return empty(202);
      },
    })
    .put(`${path}/delete_keys`, {
      summary: 'Remove keys of specs',
      body: RemoveBody,
      answers: { 202: null },
      handle: async (call) => {
        const remove = call.body.keys;
        await askCatalog(call.session, call.env, (catalog, caller) =>
          catalog.changeQosSpecs(caller, idOf(call), { remove }),
        );
        return empty(202);
      },
    })
    .get(`${path}/associations`, {
      summary: 'Types that have the specs',
      answers: { 200: z.object({ qos_associations: z.array(z.looseObject({ id: z.string() })) }) },
      handle: associations,
    })
    .get(`${path}/associate`, {
      summary: 'Give a type the specs',
      query: OneType,
      answers: { 202: null },
      handle: (call) => associate(call, call.query.vol_type_id, true),
    })
    .get(`${path}/disassociate`, {
      summary: 'Take the specs from a type',
      query: OneType,
      answers: { 202: null },
      handle: (call) => associate(call, call.query.vol_type_id, false),
    })
    .get(`${path}/disassociate_all`, {
      summary: 'Take the specs from all types',
      answers: { 202: null },
      handle: (call) => associate(call, null, false),
    });
}
