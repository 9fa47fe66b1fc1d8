// Vaults: made, shown, changed, deleted, and protected by policies.

import { z } from '@hono/zod-openapi';
import { badRequest } from '../../http/errors.ts';
import { clearableText, ignored, optionalFlag, optionalText } from '../../http/fields.ts';
import { type Call, empty, json, type Routes } from '../../http/operation.ts';
import { pageOf } from '../../http/paging.ts';
import { PAGE_LIMIT_MAX } from '../../project/limits.ts';
import { Tag, VaultView } from './shapes.ts';
import { resource, resourceOf } from './vault-resources.ts';
import { MIB, vaultView } from './views.ts';

const settings = {
  description: clearableText,
  auto_bind: optionalFlag,
  auto_expand: optionalFlag,
  bind_rules: z.object({ tags: z.array(Tag).nullish() }).nullish(),
  threshold: z.number().int().nullish(),
  smn_notify: optionalFlag,
  locked: optionalFlag,
};

const CreateBody = z.object({
  vault: z.object({
    name: z.string().min(1).max(64),
    billing: z.object({
      size: z.number().int(),
      object_type: z.string(),
      protect_type: z.string(),
      consistent_level: z.string().nullish(),
      charging_mode: z.string().nullish(),
    }),
    resources: z.array(resource).nullish(),
    backup_policy_id: optionalText,
    tags: z.array(Tag).max(20).nullish(),
    enterprise_project_id: ignored,
    ...settings,
  }),
});

const UpdateBody = z.object({
  vault: z.object({
    name: z.string().min(1).max(64).nullish(),
    billing: z.object({ size: z.number().int().nullish() }).nullish(),
    ...settings,
  }),
});

const VaultList = z.object({
  id: optionalText,
  name: optionalText,
  limit: optionalText,
  offset: optionalText,
  object_type: optionalText,
  protect_type: optionalText,
  policy_id: optionalText,
  resource_ids: optionalText,
  status: optionalText,
});

type Settings = Pick<z.output<typeof CreateBody>['vault'], keyof typeof settings>;

const settingsOf = (vault: Settings) => ({
  description: vault.description,
  autoBind: vault.auto_bind,
  autoExpand: vault.auto_expand,
  bindRules: vault.bind_rules?.tags ?? undefined,
  thresholdPercent: vault.threshold ?? undefined,
  smnNotify: vault.smn_notify,
  locked: vault.locked,
});

const VaultAnswer = z.object({ vault: VaultView });

async function create(call: Call<unknown, z.output<typeof CreateBody>>): Promise<Response> {
  const { vault } = call.body;
  if (vault.billing.charging_mode === 'pre_paid') throw badRequest('pre_paid vaults are not sold here: use post_paid.');
  const made = await call.ask((project, caller) =>
    project.createVault(caller, {
      ...settingsOf(vault),
      name: vault.name,
      sizeGib: vault.billing.size,
      objectType: vault.billing.object_type,
      protectType: vault.billing.protect_type,
      consistentLevel: vault.billing.consistent_level ?? 'crash_consistent',
      resources: (vault.resources ?? []).map(resourceOf),
      policyId: vault.backup_policy_id,
      tags: vault.tags ?? undefined,
    }),
  );
  return json(200, { vault: vaultView(made) });
}

async function list(call: Call<z.output<typeof VaultList>, unknown>): Promise<Response> {
  const { query } = call;
  const paging = pageOf(query, 'refuse');
  const page = await call.ask((project, caller) =>
    project.listVaults(caller, {
      ...paging,
      ids: query.id ? [query.id] : undefined,
      name: query.name,
      status: query.status,
      objectType: query.object_type,
      protectType: query.protect_type,
      policyId: query.policy_id,
      resourceIds: query.resource_ids?.split(','),
    }),
  );
  return json(200, {
    vaults: page.items.map(vaultView),
    count: page.total,
    limit: paging.limit ?? PAGE_LIMIT_MAX,
    offset: paging.offset ?? 0,
  });
}

/** Registers the vault calls. */
export function vaultRoutes(routes: Routes): void {
  const one = '/vaults/{vault_id}';
  const policy = (verb: 'associate' | 'dissociate') => ({
    summary: verb === 'associate' ? 'Protect a vault by a policy; may be repeated' : 'Take a policy off a vault',
    body: z.object({ policy_id: z.string() }),
    answers: { 200: z.record(z.string(), z.object({ vault_id: z.string(), policy_id: z.string() })) },
    handle: async (call: Call<unknown, { policy_id: string }>) => {
      const vaultId = call.params.vault_id!;
      const policyId = call.body.policy_id;
      await call.ask((project, caller) => project[`${verb}Policy`](caller, vaultId, policyId));
      return json(200, { [`${verb}_policy`]: { vault_id: vaultId, policy_id: policyId } });
    },
  });
  routes
    .post('/vaults', { summary: 'Create a vault', body: CreateBody, answers: { 200: VaultAnswer }, handle: create })
    .get('/vaults', {
      summary: 'List vaults',
      query: VaultList,
      answers: { 200: z.object({ vaults: z.array(VaultView), count: z.number() }) },
      handle: list,
    })
    .get('/vaults/summary', {
      summary: 'Capacity of all vaults, in GB, and what of it is used, in MB',
      answers: { 200: z.object({ size: z.number().int(), used_size: z.number().int() }) },
      handle: async (call) => {
        const { sizeGib, usedBytes } = await call.ask((project, caller) => project.summarizeVaults(caller));
        return json(200, { size: sizeGib, used_size: Math.ceil(usedBytes / MIB) });
      },
    })
    .put('/vaults/batch-update', {
      summary: 'Change threshold or notification of all vaults',
      body: z.object({ vault: z.object({ smn_notify: optionalFlag, threshold: z.number().int().nullish() }) }),
      answers: { 200: z.object({ updated_vaults_id: z.array(z.string()) }) },
      handle: async (call) => {
        const { smn_notify: smnNotify, threshold } = call.body.vault;
        const input = { smnNotify, thresholdPercent: threshold ?? undefined };
        const ids = await call.ask((project, caller) => project.updateVaults(caller, input));
        return json(200, { updated_vaults_id: ids });
      },
    })
    .get(one, {
      summary: 'Show a vault',
      answers: { 200: VaultAnswer },
      handle: async (call) => {
        const vault = await call.ask((project, caller) => project.getVault(caller, call.params.vault_id!));
        return json(200, { vault: vaultView(vault) });
      },
    })
    .put(one, {
      summary: 'Change a vault',
      body: UpdateBody,
      answers: { 200: VaultAnswer },
      handle: async (call) => {
        const { vault } = call.body;
        const input = {
          ...settingsOf(vault),
          name: vault.name ?? undefined,
          sizeGib: vault.billing?.size ?? undefined,
        };
        const changed = await call.ask((project, caller) => project.updateVault(caller, call.params.vault_id!, input));
        return json(200, { vault: vaultView(changed) });
      },
    })
    .delete(one, {
      summary: 'Delete a vault with all its backups',
      answers: { 204: null },
      handle: async (call) => {
        await call.ask((project, caller) => project.deleteVault(caller, call.params.vault_id!));
        return empty(204);
      },
    })
    .post(`${one}/associatepolicy`, policy('associate'))
    .post(`${one}/dissociatepolicy`, policy('dissociate'));
}
