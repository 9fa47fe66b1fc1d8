// The objects of the CBR form. Typed clients fail on a null where they expect an object: none is null here.

import { z } from '@hono/zod-openapi';

export const Tag = z.object({ key: z.string(), value: z.string() });

export const VaultView = z
  .looseObject({
    id: z.string(),
    name: z.string(),
    project_id: z.string(),
    billing: z.looseObject({
      size: z.number().int(),
      allocated: z.number().int(),
      used: z.number().int(),
      status: z.string(),
      object_type: z.string(),
      protect_type: z.string(),
    }),
    resources: z.array(z.looseObject({ id: z.string(), type: z.string(), protect_status: z.string() })),
    tags: z.array(Tag),
    bind_rules: z.object({ tags: z.array(Tag) }),
  })
  .openapi('Vault');

/** A sharing of a backup, as CBR calls it. */
export const Member = z
  .strictObject({
    id: z.string(),
    status: z.enum(['pending', 'accepted', 'rejected']),
    backup_id: z.string(),
    dest_project_id: z.string(),
    vault_id: z.string(),
    image_id: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .openapi('BackupMember');

/** Something that a vault could protect. */
export const Protectable = z
  .looseObject({
    id: z.string(),
    name: z.string(),
    type: z.string(),
    size: z.number().int(),
    status: z.string(),
    children: z.array(z.unknown()),
    protectable: z.looseObject({ result: z.boolean(), code: z.string(), reason: z.string(), message: z.string() }),
  })
  .openapi('Protectable');

export const PolicyView = z
  .object({
    id: z.string(),
    name: z.string(),
    enabled: z.boolean(),
    operation_type: z.string(),
    operation_definition: z.record(z.string(), z.unknown()),
    trigger: z.object({
      id: z.string(),
      name: z.string(),
      type: z.string(),
      properties: z.object({ pattern: z.array(z.string()), start_time: z.string() }),
    }),
    associated_vaults: z.array(z.object({ vault_id: z.string(), destination_vault_id: z.string() })),
  })
  .openapi('Policy');

export const CbrBackup = z
  .looseObject({
    id: z.string(),
    name: z.string(),
    status: z.string(),
    vault_id: z.string(),
    resource_id: z.string(),
    resource_type: z.string(),
    resource_size: z.number().int(),
    extend_info: z.looseObject({ auto_trigger: z.boolean(), incremental: z.boolean() }),
  })
  .openapi('CbrBackup');

export const CheckpointView = z
  .looseObject({
    id: z.string(),
    status: z.string(),
    project_id: z.string(),
    created_at: z.string(),
    vault: z.looseObject({ id: z.string(), name: z.string() }),
  })
  .openapi('Checkpoint');

export const TaskView = z
  .looseObject({ id: z.string(), operation_type: z.string(), status: z.string(), created_at: z.string() })
  .openapi('OperationLog');
