// Tags of vaults. Their paths have the singular: /vault, not /vaults.

import { z } from '@hono/zod-openapi';
import { optionalFlag, optionalText, whole } from '../../http/fields.ts';
import { type Call, empty, json, type Routes } from '../../http/operation.ts';
import type { VaultTagQuery } from '../../project/contract.ts';
import { Tag, VaultView } from './shapes.ts';
import { vaultView } from './views.ts';

const choices = z.array(z.object({ key: z.string(), values: z.array(z.string()).nullish() })).max(20);
const optionalChoices = choices
  .nullish()
  .transform((list) => list?.map(({ key, values }) => ({ key, values: values ?? [] })));

const ActionBody = z.object({
  action: z.enum(['create', 'delete']),
  tags: z.array(z.object({ key: z.string(), value: z.string().nullish() })).min(1),
});

const InstancesBody = z.object({
  action: z.enum(['filter', 'count']),
  tags: optionalChoices,
  tags_any: optionalChoices,
  not_tags: optionalChoices,
  not_tags_any: optionalChoices,
  without_any_tag: optionalFlag,
  matches: z.array(z.object({ key: z.literal('resource_name'), value: z.string() })).nullish(),
  object_type: optionalText,
  cloud_type: optionalText,
  limit: whole.nullish(),
  offset: whole.nullish(),
});

const Instances = z.object({
  total_count: z.number().int(),
  resources: z
    .array(
      z.object({
        resource_id: z.string(),
        resource_name: z.string(),
        resource_detail: z.object({ vault: VaultView }),
        tags: z.array(Tag),
      }),
    )
    .optional(),
});

async function act(call: Call<unknown, z.output<typeof ActionBody>>): Promise<Response> {
  const id = call.params.vault_id!;
  const { action, tags } = call.body;
  if (action === 'create') {
    const set = tags.map(({ key, value }) => ({ key, value: value ?? '' }));
    await call.ask((project, caller) => project.changeVaultTags(caller, id, { set }));
    return empty(204);
  }
  // Deleting what is not there is no error here, unlike below tags/{key}.
  const { tags: present } = await call.ask((project, caller) => project.getVault(caller, id));
  const wanted = new Set(tags.map((tag) => tag.key));
  const remove = present.map((tag) => tag.key).filter((key) => wanted.has(key));
  if (remove.length > 0) await call.ask((project, caller) => project.changeVaultTags(caller, id, { remove }));
  return empty(204);
}

async function find(call: Call<unknown, z.output<typeof InstancesBody>>): Promise<Response> {
  const { body } = call;
  const query: VaultTagQuery = {
    tags: body.tags,
    tagsAny: body.tags_any,
    notTags: body.not_tags,
    notTagsAny: body.not_tags_any,
    withoutAnyTag: body.without_any_tag,
    namePart: body.matches?.[0]?.value,
    objectType: body.object_type,
    ...(body.action === 'count' ? {} : { limit: body.limit ?? undefined, offset: body.offset ?? undefined }),
  };
  const page = await call.ask((project, caller) => project.findVaults(caller, query));
  if (body.action === 'count') return json(200, { total_count: page.total });
  const resources = page.items.map((vault) => ({
    resource_id: vault.id,
    resource_name: vault.name,
    resource_detail: { vault: vaultView(vault) },
    tags: vault.tags,
  }));
  return json(200, { total_count: page.total, resources });
}

/** Registers the tag calls. */
export function vaultTagRoutes(routes: Routes): void {
  routes
    .get('/vault/tags', {
      summary: 'List the tags of all vaults',
      answers: { 200: z.object({ tags: z.array(z.object({ key: z.string(), values: z.array(z.string()) })) }) },
      handle: async (call) => json(200, { tags: await call.ask((project, caller) => project.vaultTags(caller)) }),
    })
    .post('/vault/resource_instances/action', {
      summary: 'Find or count vaults by their tags',
      body: InstancesBody,
      answers: { 200: Instances },
      handle: find,
    })
    .get('/vault/{vault_id}/tags', {
      summary: 'List the tags of a vault',
      answers: { 200: z.object({ tags: z.array(Tag) }) },
      handle: async (call) => {
        const { tags } = await call.ask((project, caller) => project.getVault(caller, call.params.vault_id!));
        return json(200, { tags });
      },
    })
    .post('/vault/{vault_id}/tags', {
      summary: 'Set a tag of a vault',
      body: z.object({ tag: Tag }),
      answers: { 204: null },
      handle: async (call) => {
        const set = [call.body.tag];
        await call.ask((project, caller) => project.changeVaultTags(caller, call.params.vault_id!, { set }));
        return empty(204);
      },
    })
    .delete('/vault/{vault_id}/tags/{key}', {
      summary: 'Delete a tag of a vault',
      answers: { 204: null },
      handle: async (call) => {
        const remove = [call.params.key!];
        await call.ask((project, caller) => project.changeVaultTags(caller, call.params.vault_id!, { remove }));
        return empty(204);
      },
    })
    .post('/vault/{vault_id}/tags/action', {
      summary: 'Set or delete several tags of a vault',
      body: ActionBody,
      answers: { 204: null },
      handle: act,
    });
}
