// Limits, quota sets, and the quota class of all projects.

import { z } from '@hono/zod-openapi';
import { badRequest } from '../../http/errors.ts';
import { queryFlag } from '../../http/fields.ts';
import { type Call, empty, json, type Routes } from '../../http/operation.ts';
import { askCatalog, askProject, isAdmin, mustBeAdmin } from '../../http/reach.ts';
import type { QuotaLine, Quotas } from '../../project/contract.ts';
import { SINCE } from './since.ts';

/** The one class that there is: what holds where nothing else was said. */
const DEFAULT_CLASS = 'default';

const limit = z.union([z.number(), z.string().regex(/^-?\d{1,15}$/)]).transform(Number);
const limits = z.record(z.string(), z.union([limit, z.string(), z.null()]));
const SetBody = z.object({ quota_set: limits });
const ClassBody = z.object({ quota_class_set: limits });
const QuotaAnswer = z.object({ quota_set: z.record(z.string(), z.unknown()) });
const ClassAnswer = z.object({ quota_class_set: z.record(z.string(), z.unknown()) });

const usageView = ({ limit, inUse, reserved }: QuotaLine) => ({ limit, in_use: inUse, reserved });

/** Numbers among what clients send: they also send ids, nulls, and Nova's words. */
function limitsIn(set: z.output<typeof limits>): Record<string, number> {
  const wanted = Object.entries(set).filter(([name, value]) => value !== null && !NOT_LIMITS.has(name));
  if (wanted.length === 0) throw badRequest('Invalid input for field/attribute quota_set: no limit is given.');
  return Object.fromEntries(
    wanted.map(([name, value]) => {
      if (typeof value !== 'number')
        throw badRequest(`Invalid input for field/attribute ${name.slice(0, 255)}: not a number.`);
      return [name, value];
    }),
  );
}

const NOT_LIMITS = new Set(['id', 'tenant_id', 'project_id', 'force', 'skip_validation', 'class_name']);

/** Whose quotas: a tenant asks for its own, whatever id it names; the others are none of its business. */
const whose = (call: Call<unknown, unknown>) =>
  isAdmin(call.caller) ? call.params.quota_project_id! : call.caller.projectId;

async function show(call: Call<{ usage?: string | undefined }, unknown>): Promise<Response> {
  const id = whose(call);
  const quotas = await askProject(call.session, call.env, id, (project, caller) => project.quotas(caller));
  const usage = queryFlag(call.query.usage);
  const values = Object.entries(quotas).map(([name, line]) => [name, usage ? usageView(line) : line.limit]);
  return json(200, { quota_set: { id, ...Object.fromEntries(values) } });
}

async function showDefaults(call: Call<unknown, unknown>): Promise<Response> {
  const id = whose(call);
  const defaults = await askProject(call.session, call.env, id, (project, caller) => project.defaultQuotas(caller));
  return json(200, { quota_set: { id, ...defaults } });
}

async function update(call: Call<unknown, z.output<typeof SetBody>>): Promise<Response> {
  await mustBeAdmin(call.session, call.env);
  const changed = limitsIn(call.body.quota_set);
  const set = await askProject(call.session, call.env, whose(call), (project, caller) =>
    project.setQuotas(caller, changed),
  );
  return json(200, { quota_set: set });
}

async function remove(call: Call<unknown, unknown>): Promise<Response> {
  await mustBeAdmin(call.session, call.env);
  await askProject(call.session, call.env, whose(call), (project, caller) => project.setQuotas(caller, null));
  return empty(200);
}

async function showClass(call: Call<unknown, unknown>): Promise<Response> {
  await mustBeAdmin(call.session, call.env);
  const defaults = await call.ask((project, caller) => project.defaultQuotas(caller));
  return json(200, { quota_class_set: { id: call.params.quota_class, ...defaults } });
}

async function updateClass(call: Call<unknown, z.output<typeof ClassBody>>): Promise<Response> {
  await mustBeAdmin(call.session, call.env);
  if (call.params.quota_class !== DEFAULT_CLASS) throw badRequest(`The only quota class is ${DEFAULT_CLASS}.`);
  const changed = limitsIn(call.body.quota_class_set);
  await askCatalog(call.session, call.env, (catalog, caller) => catalog.setQuotaDefaults(caller, changed));
  const defaults = await call.ask((project, caller) => project.defaultQuotas(caller));
  return json(200, { quota_class_set: defaults });
}

async function showLimits(call: Call<{ project_id?: string | undefined }, unknown>): Promise<Response> {
  const named = call.microversion >= SINCE.limitsOfProject && isAdmin(call.caller) ? call.query.project_id : undefined;
  const id = named ?? call.caller.projectId;
  const quotas: Quotas = await askProject(call.session, call.env, id, (project, caller) => project.quotas(caller));
  return json(200, {
    limits: {
      rate: [],
      absolute: {
        maxTotalVolumes: quotas.volumes!.limit,
        maxTotalSnapshots: quotas.snapshots!.limit,
        maxTotalVolumeGigabytes: quotas.gigabytes!.limit,
        maxTotalBackups: quotas.backups!.limit,
        maxTotalBackupGigabytes: quotas.backup_gigabytes!.limit,
        totalVolumesUsed: quotas.volumes!.inUse,
        totalGigabytesUsed: quotas.gigabytes!.inUse,
        totalSnapshotsUsed: quotas.snapshots!.inUse,
        totalBackupsUsed: quotas.backups!.inUse,
        totalBackupGigabytesUsed: quotas.backup_gigabytes!.inUse,
      },
    },
  });
}

/** Registers limits, quota sets and quota classes of one version. */
export function quotaRoutes(routes: Routes): void {
  const set = '/os-quota-sets/{quota_project_id}';
  const ofClass = '/os-quota-class-sets/{quota_class}';
  routes
    .get('/limits', {
      summary: 'Absolute limits and what of them is used',
      query: z.object({ project_id: z.string().optional() }),
      answers: {
        200: z.object({ limits: z.object({ rate: z.array(z.unknown()), absolute: z.record(z.string(), z.number()) }) }),
      },
      handle: showLimits,
    })
    .get(set, {
      summary: 'Quotas; usage=True also says what is used',
      query: z.object({ usage: z.string().optional() }),
      answers: { 200: QuotaAnswer },
      handle: show,
    })
    .put(set, { summary: 'Set quotas of a project', body: SetBody, answers: { 200: QuotaAnswer }, handle: update })
    .delete(set, { summary: 'Take back what was set for a project', answers: { 200: null }, handle: remove })
    .get(`${set}/defaults`, { summary: 'Default quotas', answers: { 200: QuotaAnswer }, handle: showDefaults })
    .get(ofClass, { summary: 'Default quotas of all projects', answers: { 200: ClassAnswer }, handle: showClass })
    .put(ofClass, {
      summary: 'Set default quotas of all projects',
      body: ClassBody,
      answers: { 200: ClassAnswer },
      handle: updateClass,
    });
}
