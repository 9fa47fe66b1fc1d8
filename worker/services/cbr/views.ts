// From the project's records to the objects of the CBR form.

import type { z } from '@hono/zod-openapi';
import { cbrTime } from '../../http/times.ts';
import type { Backup, Checkpoint, Policy, Sharing, Task, VaultView as Vault } from '../../project/contract.ts';
import { DISK_RESOURCE } from '../../project/vault-resources.ts';
import type { CbrBackup, CheckpointView, Member, PolicyView, TaskView, VaultView } from './shapes.ts';

/** The vendor's id for backups of disks. */
const DISK_PROVIDER = 'd1603440-187d-4516-af25-121250c7cc97';

export const MIB = 2 ** 20;

const SPEC_CODES: Readonly<Record<string, string>> = {
  server: 'vault.backup.server.normal',
  disk: 'vault.backup.volume.normal',
  turbo: 'vault.backup.turbo.normal',
};

export function vaultView(vault: Vault): z.input<typeof VaultView> {
  return {
    id: vault.id,
    name: vault.name,
    description: vault.description ?? '',
    project_id: vault.projectId,
    provider_id: DISK_PROVIDER,
    user_id: vault.userId,
    created_at: cbrTime(vault.createdMs),
    updated_at: cbrTime(vault.updatedMs),
    auto_bind: vault.autoBind,
    auto_expand: vault.autoExpand,
    bind_rules: { tags: [...vault.bindRules] },
    tags: [...vault.tags],
    enterprise_project_id: '0',
    locked: vault.locked,
    smn_notify: vault.smnNotify,
    threshold: vault.thresholdPercent,
    resources: vault.resources.map((resource) => ({
      id: resource.id,
      name: resource.name,
      type: resource.type,
      size: resource.sizeGib,
      protect_status: resource.protectStatus,
      backup_size: Math.ceil(resource.backupBytes / MIB),
      backup_count: resource.backupCount,
      extra_info: { ...resource.extraInfo },
      auto_protect: resource.autoProtect,
    })),
    billing: {
      allocated: vault.allocatedGib,
      // The vendor counts what is used in MB and all else in GB.
      used: Math.ceil(vault.usedBytes / MIB),
      size: vault.sizeGib,
      status: vault.status,
      charging_mode: 'post_paid',
      cloud_type: 'public',
      consistent_level: vault.consistentLevel,
      object_type: vault.objectType,
      protect_type: vault.protectType,
      spec_code: SPEC_CODES[vault.objectType] ?? '',
      storage_unit: 'bucket',
      order_id: '',
      product_id: '',
      frozen_scene: '',
    },
  };
}

export function policyView(policy: Policy): z.input<typeof PolicyView> {
  return {
    id: policy.id,
    name: policy.name,
    enabled: policy.enabled,
    operation_type: policy.operationType,
    operation_definition: { ...policy.definition },
    trigger: {
      id: policy.triggerId,
      name: 'default',
      type: 'time',
      properties: {
        pattern: [...policy.patterns],
        start_time: `${new Date(policy.startMs).toISOString().slice(0, 19).replace('T', ' ')}`,
      },
    },
    associated_vaults: policy.vaultIds.map((id) => ({ vault_id: id, destination_vault_id: '' })),
  };
}

/** Absent in what an older release stored. */
const timeOrEmpty = (ms: number | null | undefined) => (ms == null ? '' : cbrTime(ms));

/** CBR's words for the statuses of a backup. */
const BACKUP_STATUS: Readonly<Record<Backup['status'], string>> = {
  creating: 'protecting',
  available: 'available',
  restoring: 'restoring',
  deleting: 'deleting',
  error: 'error',
  error_deleting: 'error',
};

export function cbrBackupView(backup: Backup): z.input<typeof CbrBackup> {
  return {
    id: backup.id,
    name: backup.name,
    description: backup.description ?? '',
    status: BACKUP_STATUS[backup.status],
    checkpoint_id: backup.checkpointId ?? '',
    vault_id: backup.vaultId,
    provider_id: DISK_PROVIDER,
    project_id: backup.projectId,
    parent_id: '',
    resource_id: backup.volumeId,
    resource_name: backup.volumeName,
    resource_type: DISK_RESOURCE,
    resource_size: backup.sizeGib,
    resource_az: backup.volumeZone,
    image_type: 'backup',
    created_at: cbrTime(backup.createdMs),
    updated_at: cbrTime(backup.updatedMs),
    protected_at: cbrTime(backup.dataMs),
    expired_at: timeOrEmpty(backup.expiresMs),
    enterprise_project_id: '0',
    children: [],
    replication_records: [],
    extend_info: {
      auto_trigger: backup.automatic,
      bootable: backup.volumeBootable,
      incremental: backup.incremental,
      snapshot_id: backup.snapshotId ?? '',
      support_lld: true,
      supported_restore_mode: 'backup',
      os_images_data: [],
      contain_system_disk: backup.volumeSystem,
      encrypted: false,
      system_disk: backup.volumeSystem,
    },
  };
}

export function memberView(sharing: Sharing): z.input<typeof Member> {
  return {
    id: sharing.id,
    status: sharing.status,
    backup_id: sharing.backupId,
    dest_project_id: sharing.toProjectId,
    vault_id: sharing.vaultId ?? '',
    image_id: '',
    created_at: cbrTime(sharing.createdMs),
    updated_at: cbrTime(sharing.updatedMs),
  };
}

export function checkpointView(checkpoint: Checkpoint): z.input<typeof CheckpointView> {
  const { scheduled } = checkpoint;
  return {
    id: checkpoint.id,
    project_id: checkpoint.projectId,
    status: checkpoint.status,
    created_at: cbrTime(checkpoint.createdMs),
    vault: {
      id: checkpoint.vaultId,
      name: checkpoint.vaultName,
      // Typed clients decode these sizes as text.
      resources: checkpoint.resources.map((resource) => ({
        id: resource.id,
        name: resource.name,
        type: resource.type,
        protect_status: checkpoint.status === 'protecting' ? 'protecting' : 'available',
        resource_size: String(resource.sizeGib),
        backup_size: '0',
        backup_count: '0',
        extra_info: '{}',
      })),
      skipped_resources: checkpoint.skipped.map((skipped) => ({ ...skipped })),
    },
    extra_info: {
      name: checkpoint.name,
      description: checkpoint.description ?? '',
      retention_duration: -1,
      ...(scheduled === undefined
        ? {}
        : { scheduled_at: cbrTime(scheduled.dueMs), missed_points: scheduled.missedPoints }),
    },
  };
}

export function taskView(task: Task, projectId: string): z.input<typeof TaskView> {
  const backup = { backup_id: task.backupId ?? '', backup_name: task.backupName ?? '' };
  const counts = { total_count: task.totalCount ?? 0, fail_count: task.failCount ?? 0 };
  return {
    id: task.id,
    operation_type: task.kind,
    status: task.status,
    project_id: projectId,
    provider_id: DISK_PROVIDER,
    policy_id: task.policyId ?? '',
    vault_id: task.vaultId ?? '',
    vault_name: task.vaultName ?? '',
    checkpoint_id: task.checkpointId ?? '',
    created_at: cbrTime(task.createdMs),
    started_at: timeOrEmpty(task.startedMs),
    ended_at: timeOrEmpty(task.endedMs),
    updated_at: cbrTime(task.updatedMs),
    error_info: { code: task.errorCode ?? '', message: task.errorMessage ?? '' },
    extra_info: {
      common: { progress: task.progressPercent, request_id: '', task_id: task.id },
      resource: { id: task.resourceId ?? '', name: task.resourceName ?? '', type: DISK_RESOURCE },
      ...(task.kind === 'backup' ? { backup: { ...backup, incremental: String(task.incremental) } } : {}),
      ...(task.kind === 'restore'
        ? {
            restore: {
              ...backup,
              target_resource_id: task.targetId ?? '',
              target_resource_name: task.targetName ?? '',
            },
          }
        : {}),
      ...(task.kind === 'delete' ? { delete: backup } : {}),
      ...(task.kind === 'vault_delete' ? { vault_delete: counts } : {}),
      ...(task.kind === 'remove_resource'
        ? { remove_resources: { ...counts, resources: task.resources?.map((one) => ({ ...one })) ?? [] } }
        : {}),
    },
  };
}
