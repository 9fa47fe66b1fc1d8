// Tags of VBS's backup policies, and finding policies by them.

import { z } from '@hono/zod-openapi';
import { whole } from '../../http/fields.ts';
import { type Call, empty, json, type Routes } from '../../http/operation.ts';
import type { VbsPolicy } from '../../project/contract.ts';
import { PAGE_LIMIT_MAX } from '../../project/limits.ts';
import { hasTags, valuesByKey } from '../../project/tag-choices.ts';
import { noSuchTag, policyOf } from './policies.ts';
import { Tag } from './policy-shapes.ts';

/** Keys, and values of a key, that one question may have. */
const CHOICES_MAX = 10;

const ActionBody = z.object({
  action: z.enum(['create', 'update', 'delete']),
  tags: z.array(z.object({ key: z.string(), value: z.string().nullish() })).max(100),
});
const Choices = z
  .array(z.object({ key: z.string(), values: z.array(z.string()).max(CHOICES_MAX) }))
  .max(CHOICES_MAX)
  .nullish()
  .transform((value) => value ?? undefined);
const FindBody = z.object({
  action: z.enum(['filter', 'count']),
  tags: Choices,
  tags_any: Choices,
  not_tags: Choices,
  not_tags_any: Choices,
  matches: z.array(z.object({ key: z.literal('resource_name'), value: z.string() })).nullish(),
  limit: whole.pipe(z.number().min(1).max(PAGE_LIMIT_MAX)).nullish(),
  offset: whole.nullish(),
});
const Found = z.object({
  resources: z
    .array(
      z.object({
        resource_id: z.string(),
        resource_name: z.string(),
        resource_detail: z.null(),
        tags: z.array(Tag),
      }),
    )
    .optional(),
  total_count: z.number().int(),
});

const CODES = { tags: 'AutoBackup.0214', tag: 'AutoBackup.0214', action: 'AutoBackup.0222', '*': 'AutoBackup.0008' };

const list = (call: Call<unknown, unknown>) => call.ask((project, caller) => project.listVbsPolicies(caller));

async function act(
  call: Call<unknown, unknown>,
  action: 'create' | 'update' | 'delete',
  tags: readonly z.output<typeof ActionBody>['tags'][number][],
): Promise<void> {
  const change = { action, tags: tags.map(({ key, value }) => ({ key, value: value ?? '' })) };
  await call.ask((project, caller) => project.changePolicyTags(caller, call.params.policy_id!, change));
}

async function find(call: Call<unknown, z.output<typeof FindBody>>): Promise<Response> {
  const { action, tags, tags_any: tagsAny, not_tags: notTags, not_tags_any: notTagsAny, matches } = call.body;
  const isNamed = ({ name }: VbsPolicy) =>
    (matches ?? []).every(({ value }) => name.toLowerCase().includes(value.toLowerCase()));
  const policies = (await list(call)).filter(
    (policy) => hasTags(policy.tags, { tags, tagsAny, notTags, notTagsAny }) && isNamed(policy),
  );
  if (action === 'count') return json(200, { total_count: policies.length });
  const from = call.body.offset ?? 0;
  const resources = policies.slice(from, from + (call.body.limit ?? PAGE_LIMIT_MAX)).map((policy) => ({
    resource_id: policy.id,
    resource_name: policy.name,
    resource_detail: null,
    tags: policy.tags,
  }));
  return json(200, { resources, total_count: policies.length });
}

/** Registers the tag calls. The words among them stand where an id stands elsewhere, so they come first. */
export function policyTagRoutes(routes: Routes): void {
  routes
    .get('/backuppolicy/tags', {
      summary: 'Tags of all backup policies: values by key',
      answers: { 200: z.object({ tags: z.array(z.object({ key: z.string(), values: z.array(z.string()) })) }) },
      handle: async (call) => json(200, { tags: valuesByKey((await list(call)).flatMap(({ tags }) => tags)) }),
    })
    .post('/backuppolicy/resource_instances/action', {
      summary: 'Find backup policies by tags, or count them',
      body: FindBody,
      codes: CODES,
      answers: { 200: Found },
      handle: find,
    })
    .get('/backuppolicy/{policy_id}/tags', {
      summary: 'Tags of a backup policy',
      answers: { 200: z.object({ tags: z.array(Tag) }) },
      handle: async (call) => json(200, { tags: (await policyOf(call)).tags }),
    })
    .post('/backuppolicy/{policy_id}/tags', {
      summary: 'Tag a backup policy',
      body: z.object({ tag: Tag }),
      codes: CODES,
      answers: { 204: null },
      handle: async (call) => {
        await act(call, 'create', [call.body.tag]);
        return empty(204);
      },
    })
    .delete('/backuppolicy/{policy_id}/tags/{key}', {
      summary: 'Take a tag from a backup policy',
      answers: { 204: null },
      handle: async (call) => {
        const { id, tags } = await policyOf(call);
        const key = call.params.key!;
        if (!tags.some((tag) => tag.key === key)) throw noSuchTag(id, key);
        await act(call, 'delete', [{ key }]);
        return empty(204);
      },
    })
    .post('/backuppolicy/{policy_id}/tags/action', {
      summary: 'Add, change or delete several tags of a backup policy',
      body: ActionBody,
      codes: CODES,
      answers: { 204: null },
      handle: async (call) => {
        await act(call, call.body.action, call.body.tags);
        return empty(204);
      },
    });
}
