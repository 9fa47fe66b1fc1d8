// Backup policies.

import { z } from '@hono/zod-openapi';
import { optionalFlag, optionalText } from '../../http/fields.ts';
import { empty, json, type Routes } from '../../http/operation.ts';
import { PolicyView } from './shapes.ts';
import { policyView } from './views.ts';

const trigger = z.object({ properties: z.object({ pattern: z.array(z.string()).min(1).max(24) }) });
const definition = z.record(z.string(), z.unknown());

const CreateBody = z.object({
  policy: z.object({
    name: z.string().min(1).max(64),
    enabled: optionalFlag,
    operation_type: z.enum(['backup', 'replication']),
    operation_definition: definition,
    trigger,
  }),
});

const UpdateBody = z.object({
  policy: z.object({
    name: z.string().min(1).max(64).nullish(),
    enabled: optionalFlag,
    operation_definition: definition.nullish(),
    trigger: trigger.nullish(),
  }),
});

const PolicyAnswer = z.object({ policy: PolicyView });

/** Registers the policy calls. */
export function policyRoutes(routes: Routes): void {
  routes
    .post('/policies', {
      summary: 'Create a policy',
      body: CreateBody,
      answers: { 200: PolicyAnswer },
      handle: async (call) => {
        const { name, enabled, operation_type: operationType, operation_definition, trigger } = call.body.policy;
        const policy = await call.ask((project, caller) =>
          project.createPolicy(caller, {
            name,
            enabled,
            operationType,
            definition: operation_definition,
            patterns: trigger.properties.pattern,
          }),
        );
        return json(200, { policy: policyView(policy) });
      },
    })
    .get('/policies', {
      summary: 'List policies',
      query: z.object({ operation_type: optionalText, vault_id: optionalText }),
      answers: { 200: z.object({ policies: z.array(PolicyView), count: z.number() }) },
      handle: async (call) => {
        const { operation_type: operationType, vault_id: vaultId } = call.query;
        const query = { ...(operationType ? { operationType } : {}), ...(vaultId ? { vaultId } : {}) };
        const policies = await call.ask((project, caller) => project.listPolicies(caller, query));
        return json(200, { policies: policies.map(policyView), count: policies.length });
      },
    })
    .get('/policies/{policy_id}', {
      summary: 'Show a policy',
      answers: { 200: PolicyAnswer },
      handle: async (call) => {
        const policy = await call.ask((project, caller) => project.getPolicy(caller, call.params.policy_id!));
        return json(200, { policy: policyView(policy) });
      },
    })
    .put('/policies/{policy_id}', {
      summary: 'Change a policy',
      body: UpdateBody,
      answers: { 200: PolicyAnswer },
      handle: async (call) => {
        const { name, enabled, operation_definition, trigger } = call.body.policy;
        const policy = await call.ask((project, caller) =>
          project.updatePolicy(caller, call.params.policy_id!, {
            name: name ?? undefined,
            enabled,
            definition: operation_definition ?? undefined,
            patterns: trigger?.properties.pattern,
          }),
        );
        return json(200, { policy: policyView(policy) });
      },
    })
    .delete('/policies/{policy_id}', {
      summary: 'Delete a policy',
      answers: { 204: null },
      handle: async (call) => {
        await call.ask((project, caller) => project.deletePolicy(caller, call.params.policy_id!));
        return empty(204);
      },
    });
}
