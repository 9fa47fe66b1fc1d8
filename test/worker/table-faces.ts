// The three forms in which a backup is asked for: Cinder's, the vendor's newer service of vaults (CBR) and its older one of
// jobs (VBS). The statements of the table hold through each.

import type { Api, Json } from './api.ts';

export interface BackupFace {
  readonly name: string;
  /** A backup that is available, as Cinder shows it. */
  backUp(api: Api, volumeId: string): Promise<Json>;
  /** Over a disk that exists; over when the disk can be used. */
  restore(api: Api, backupId: string, volumeId: string): Promise<void>;
  /** Over when it is gone. */
  remove(api: Api, backupId: string): Promise<void>;
}

const cinder: BackupFace = {
  name: 'cinder',
  backUp: (api, volumeId) => api.createBackup(volumeId),
  restore: (api, backupId, volumeId) => api.restore(backupId, volumeId),
  remove: (api, backupId) => api.deleteBackup(backupId),
};

/** The vault that protects a disk, made for it when there is none. */
async function vaultOf(api: Api, volumeId: string): Promise<string> {
  const { vaults } = await api.ask('GET', `/cbr/v3/{p}/vaults?resource_ids=${volumeId}`);
  if (vaults.length > 0) return vaults[0].id;
  const vault = {
    name: 'table',
    billing: { size: 10, object_type: 'disk', protect_type: 'backup' },
    resources: [{ id: volumeId, type: 'OS::Cinder::Volume' }],
  };
  return (await api.ask('POST', '/cbr/v3/{p}/vaults', { vault })).vault.id;
}

const cbr: BackupFace = {
  name: 'cbr',
  async backUp(api, volumeId) {
    const body = { checkpoint: { vault_id: await vaultOf(api, volumeId), parameters: { name: 'table' } } };
    const { checkpoint } = await api.ask('POST', '/cbr/v3/{p}/checkpoints', body);
    await api.settled(`/cbr/v3/{p}/checkpoints/${checkpoint.id}`, 'checkpoint');
    const { backups } = await api.ask('GET', `/cbr/v3/{p}/backups?checkpoint_id=${checkpoint.id}`);
    return await api.backup(backups[0].id);
  },
  async restore(api, backupId, volumeId) {
    await api.ask('POST', `/cbr/v3/{p}/backups/${backupId}/restore`, { restore: { volume_id: volumeId } });
    await api.volume(volumeId);
    await api.settled(`/cbr/v3/{p}/backups/${backupId}`, 'backup');
  },
  async remove(api, backupId) {
    await api.ask('DELETE', `/cbr/v3/{p}/backups/${backupId}`);
    await api.gone(`/cbr/v3/{p}/backups/${backupId}`);
  },
};

/** What a job was about, once it has ended well. */
async function jobEnd(api: Api, { job_id: id }: { job_id: string }): Promise<Json> {
  return await api.until(`job ${id}`, async () => {
    const job = await api.ask('GET', `/vbs/v1/{p}/jobs/${id}`);
    if (job.status === 'FAIL') throw new Error(`job ${id}: ${job.fail_reason}`);
    return job.status === 'SUCCESS' ? job.entities : null;
  });
}

const vbs: BackupFace = {
  name: 'vbs',
  async backUp(api, volumeId) {
    const body = { backup: { volume_id: volumeId, name: 'table' } };
    const { backup_id: id } = await jobEnd(api, await api.ask('POST', '/vbs/v2/{p}/cloudbackups', body));
    return await api.backup(id);
  },
  async restore(api, backupId, volumeId) {
    const body = { restore: { volume_id: volumeId } };
    await jobEnd(api, await api.ask('POST', `/vbs/v2/{p}/cloudbackups/${backupId}/restore`, body));
    await api.volume(volumeId);
  },
  async remove(api, backupId) {
    await jobEnd(api, await api.ask('POST', `/vbs/v2/{p}/cloudbackups/${backupId}`));
    await api.gone(`/vbs/v2/{p}/backups/${backupId}`);
  },
};

export const FACES: readonly BackupFace[] = [cinder, cbr, vbs];
