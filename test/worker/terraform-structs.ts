// What the Go client behind Terraform declares of the answers: field by field as in gophertelekomcloud.

import type { GoStruct } from './go-decoder.ts';

const TAG: GoStruct = { key: 'string', value: 'string' };
export const TAGS: GoStruct = { tags: [TAG] };

const EXTRA_INFO: GoStruct = {
  exclude_volumes: 'strings',
  include_volumes: [{ id: 'string', os_version: 'string' }],
};

export const VAULT: GoStruct = {
  id: 'string',
  name: 'string',
  description: 'string',
  project_id: 'string',
  provider_id: 'string',
  user_id: 'string',
  created_at: 'string',
  auto_bind: 'bool',
  auto_expand: 'bool',
  bind_rules: { tags: [TAG] },
  tags: [TAG],
  resources: [
    {
      id: 'string',
      name: 'string',
      type: 'string',
      protect_status: 'string',
      size: 'int',
      backup_size: 'int',
      backup_count: 'int',
      extra_info: EXTRA_INFO,
    },
  ],
  billing: {
    allocated: 'int',
    used: 'int',
    size: 'int',
    charging_mode: 'string',
    cloud_type: 'string',
    consistent_level: 'string',
    object_type: 'string',
    order_id: 'string',
    product_id: 'string',
    protect_type: 'string',
    spec_code: 'string',
    status: 'string',
    storage_unit: 'string',
    frozen_scene: 'string',
  },
};

export const CBR_POLICY: GoStruct = {
  id: 'string',
  name: 'string',
  enabled: 'bool',
  operation_type: 'string',
  operation_definition: {
    day_backups: 'int',
    destination_project_id: 'string',
    destination_region: 'string',
    max_backups: 'int',
    month_backups: 'int',
    retention_duration_days: 'int',
    timezone: 'string',
    week_backups: 'int',
    year_backups: 'int',
  },
  trigger: { properties: { pattern: 'strings', start_time: 'string' } },
  associated_vaults: [{ vault_id: 'string', destination_vault_id: 'string' }],
};

const CBR_BACKUP_FIELDS: GoStruct = {
  checkpoint_id: 'string',
  created_at: 'string',
  description: 'string',
  expired_at: 'string',
  extend_info: {
    auto_trigger: 'bool',
    bootable: 'bool',
    incremental: 'bool',
    snapshot_id: 'string',
    support_lld: 'bool',
    supported_restore_mode: 'string',
    os_images_data: [{ image_id: 'string' }],
    contain_system_disk: 'bool',
    encrypted: 'bool',
    system_disk: 'bool',
  },
  id: 'string',
  image_type: 'string',
  name: 'string',
  parent_id: 'string',
  project_id: 'string',
  protected_at: 'string',
  resource_az: 'string',
  resource_id: 'string',
  resource_name: 'string',
  resource_size: 'int',
  resource_type: 'string',
  status: 'string',
  updated_at: 'string',
  vault_id: 'string',
  provider_id: 'string',
};
export const CBR_BACKUP: GoStruct = { ...CBR_BACKUP_FIELDS, children: [CBR_BACKUP_FIELDS] };

export const CHECKPOINT: GoStruct = {
  id: 'string',
  created_at: 'string',
  project_id: 'string',
  status: 'string',
  vault: {
    id: 'string',
    name: 'string',
    resources: [
      {
        extra_info: 'string',
        id: 'string',
        name: 'string',
        protect_status: 'string',
        resource_size: 'string',
        type: 'string',
        backup_size: 'string',
        backup_count: 'string',
      },
    ],
    skipped_resources: [{ id: 'string', type: 'string', name: 'string', code: 'string', reason: 'string' }],
  },
  extra_info: { name: 'string', description: 'string', retention_duration: 'int' },
};

export const MEMBER: GoStruct = {
  status: 'string',
  created_at: 'string',
  updated_at: 'string',
  backup_id: 'string',
  image_id: 'string',
  dest_project_id: 'string',
  vault_id: 'string',
  id: 'string',
};

const NAMED_BACKUP: GoStruct = { backup_id: 'string', backup_name: 'string' };
const RESOURCE: GoStruct = { id: 'string', name: 'string', type: 'string', extra_info: EXTRA_INFO };

export const OPERATION_LOG: GoStruct = {
  checkpoint_id: 'string',
  created_at: 'string',
  ended_at: 'string',
  error_info: { code: 'string', message: 'string' },
  extra_info: {
    backup: { ...NAMED_BACKUP, incremental: 'string' },
    common: { progress: 'int', request_id: 'string', task_id: 'string' },
    delete: NAMED_BACKUP,
    remove_resources: { fail_count: 'int', total_count: 'int', resources: [RESOURCE] },
    resource: RESOURCE,
    restore: { ...NAMED_BACKUP, target_resource_id: 'string', target_resource_name: 'string' },
    vault_delete: { fail_count: 'int', total_count: 'int' },
  },
  id: 'string',
  operation_type: 'string',
  policy_id: 'string',
  project_id: 'string',
  provider_id: 'string',
  started_at: 'string',
  status: 'string',
  updated_at: 'string',
  vault_id: 'string',
  vault_name: 'string',
};

export const VBS_JOB: GoStruct = {
  status: 'string',
  entities: 'map[string]string',
  job_id: 'string',
  job_type: 'string',
  begin_time: 'string',
  end_time: 'string',
  error_code: 'string',
  fail_reason: 'string',
};

export const VBS_BACKUP: GoStruct = {
  id: 'string',
  name: 'string',
  links: [{ href: 'string', rel: 'string' }],
  status: 'string',
  description: 'string',
  availability_zone: 'string',
  volume_id: 'string',
  fail_reason: 'string',
  size: 'int',
  object_count: 'int',
  container: 'string',
  created_at: 'time',
  'os-bak-tenant-attr:tenant_id': 'string',
  service_metadata: 'string',
  updated_at: 'time',
  data_timestamp: 'time',
  has_dependent_backups: 'bool',
  snapshot_id: 'string',
  is_incremental: 'bool',
};

export const VBS_SHARE: GoStruct = {
  backup: VBS_BACKUP,
  backup_id: 'string',
  id: 'string',
  to_project_id: 'string',
  from_project_id: 'string',
  created_at: 'time',
  updated_at: 'time',
  deleted: 'string',
  deleted_at: 'time',
};

export const VBS_POLICY: GoStruct = {
  backup_policy_id: 'string',
  backup_policy_name: 'string',
  scheduled_policy: {
    start_time: 'string',
    frequency: 'int',
    week_frequency: 'strings',
    rentention_num: 'int',
    rentention_day: 'int',
    remain_first_backup_of_curMonth: 'string',
    status: 'string',
  },
  policy_resource_count: 'int',
};

const VBS_RESOURCE: GoStruct = {
  resource_id: 'string',
  resource_type: 'string',
  availability_zone: 'string',
  os_vol_host_attr: 'string',
};
export const VBS_RESOURCES: GoStruct = { success_resources: [VBS_RESOURCE], fail_resources: [VBS_RESOURCE] };
