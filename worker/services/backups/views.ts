// A backup as Cinder shows it, and as the vendor does.

import { z } from '@hono/zod-openapi';
import { plainTime } from '../../http/times.ts';
import type { Backup } from '../../project/contract.ts';
import { CinderBackupDetail } from '../cinder/shapes.ts';
import { SINCE } from '../cinder/since.ts';
import { linksOf, type ViewContext } from '../cinder/views.ts';

/** Under the volume service Cinder's rules hold, under /vbs the vendor's. */
export type BackupFace = 'cinder' | 'vbs';

/** The vendor has some more of a backup. Typed clients want text where Cinder has null. */
export const VbsBackupDetail = CinderBackupDetail.extend({
  'os-bak-tenant-attr:tenant_id': z.string(),
  service_metadata: z.string(),
  tags: z.array(z.strictObject({ key: z.string(), value: z.string() })),
}).openapi('VbsBackupDetail');

/**
 * A backup as GET shows it. Each stands alone here, and the vendor says so; Cinder's users are told what they asked for: which
 * backup builds on which.
 */
export function backupDetail(call: ViewContext, backup: Backup, face: 'vbs'): z.input<typeof VbsBackupDetail>;
export function backupDetail(call: ViewContext, backup: Backup, face: BackupFace): z.input<typeof CinderBackupDetail>;
export function backupDetail(
  call: ViewContext,
  backup: Backup,
  face: BackupFace,
): z.input<typeof CinderBackupDetail> | z.input<typeof VbsBackupDetail> {
  const isCinder = face === 'cinder';
  const detail = {
    id: backup.id,
    name: backup.name,
    description: isCinder ? backup.description : vbsDescription(backup),
    status: backup.status,
    size: backup.sizeGib,
    volume_id: backup.volumeId,
    snapshot_id: backup.snapshotId,
    availability_zone: backup.zone,
    container: backup.container,
    object_count: backup.objectCount,
    fail_reason: backup.failReason,
    is_incremental: isCinder ? (backup.parentId ?? null) !== null : backup.incremental,
    has_dependent_backups: isCinder && backup.hasDependents === true,
    created_at: plainTime(backup.createdMs),
    updated_at: plainTime(backup.updatedMs),
    data_timestamp: plainTime(backup.dataMs),
    links: linksOf(call, 'backups', backup.id),
    ...(call.microversion >= SINCE.projectOfBackup ? { 'os-backup-project-attr:project_id': backup.projectId } : {}),
    ...(call.microversion >= SINCE.backupMetadata ? { metadata: { ...backup.metadata } } : {}),
    ...(call.microversion >= SINCE.userOfBackup ? { user_id: backup.userId } : {}),
  };
  if (isCinder) return detail;
  return {
    ...detail,
    'os-bak-tenant-attr:tenant_id': backup.projectId,
    service_metadata: '',
    tags: Object.entries(backup.tags ?? {}).map(([key, value]) => ({ key, value })),
  };
}

/** What VBS made has its description wrapped up, with the word whether it is incremental; its clients unwrap it. */
function vbsDescription(backup: Backup): string | null {
  if (backup.madeBy !== 'vbs') return backup.description;
  return JSON.stringify({ DESC: backup.description ?? '', INC: backup.incremental ? 1 : 0 });
}
