// Volumes and their attachments.

import type { Face } from '../../faults.ts';
import type { ListQuery } from './common.ts';

export type VolumeStatus =
  | 'creating'
  | 'available'
  | 'reserved'
  | 'attaching'
  | 'in-use'
  | 'detaching'
  | 'extending'
  | 'retyping'
  | 'deleting'
  | 'backing-up'
  | 'restoring-backup'
  | 'rollbacking'
  | 'reverting'
  | 'downloading'
  | 'awaiting-transfer'
  /** Said by an administrator only: nothing is done with the disk meanwhile. */
  | 'maintenance'
  | 'error'
  | 'error_extending'
  | 'error_deleting'
  | 'error_restoring'
  | 'error_rollbacking';

/** Names of the vendor's types; an administrator may add others. */
export type BuiltInTypeName = 'SATA' | 'SAS' | 'SSD' | 'GPSSD' | 'ESSD';

export interface Attachment {
  readonly id: string;
  readonly volumeId: string;
  /** Null for a host attachment of the Cinder form. */
  readonly serverId: string | null;
  readonly hostName: string | null;
  /** `/dev/vdb`. */
  readonly device: string;
  readonly mode: 'rw' | 'ro';
  readonly attachedMs: number;
  /** Absent is attached. Cinder's attachments begin before anybody is connected. */
  readonly state?: 'reserved' | 'attaching' | 'attached';
  /** Made by connecting to the bytes: it goes when the last connection has gone. */
  readonly connection?: true;
}

/** Cinder's attachments: for a server, a host, or whoever asks. */
export interface CreateAttachment {
  readonly volumeId: string;
  readonly serverId?: string | null | undefined;
  readonly connector?: Connector | null | undefined;
  readonly mode?: 'rw' | 'ro' | undefined;
}

/** What is kept of who connects. */
export interface Connector {
  readonly hostName?: string | undefined;
  readonly device?: string | undefined;
  readonly mode?: 'rw' | 'ro' | undefined;
}

export interface AttachmentQuery extends ListQuery {
  readonly volumeId?: string | undefined;
  readonly serverId?: string | undefined;
  readonly state?: string | undefined;
}

export interface Volume {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly status: VolumeStatus;
  readonly sizeGib: number;
  readonly zone: string;
  /** Name of the type. */
  readonly type: string;
  readonly typeId?: string | null;
  readonly bootable: boolean;
  /** Null until somebody says: only then does the Cinder form show it. */
  readonly readonly: boolean | null;
  readonly multiattach: boolean;
  /** The system disk of a registered server. */
  readonly system: boolean;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly attachments: readonly Attachment[];
  readonly snapshotId: string | null;
  readonly backupId: string | null;
  /** The disk that it was cloned from. */
  readonly sourceVolumeId?: string | null;
  /** What the Cinder form keeps about the image of a bootable volume; nothing here reads it. */
  readonly imageMetadata?: Readonly<Record<string, string>>;
  readonly projectId: string;
  readonly userId: string;
  readonly createdMs: number;
  readonly updatedMs: number;
  /** Why it is in an error status. */
  readonly failReason: string | null;
}

export interface CreateVolumes {
  /** Cinder names no job and defaults zone and type; native requires both. */
  readonly face: Face;
  /** Optional from a backup or snapshot in the Cinder form and from a backup in the native one. */
  readonly sizeGib?: number | undefined;
  readonly zone?: string | undefined;
  /** Name or id of a type. */
  readonly type?: string | undefined;
  readonly name?: string | undefined;
  readonly description?: string | null | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** 1 to 100; names get -0001, -0002, … when more than one. */
  readonly count?: number | undefined;
  readonly multiattach?: boolean | undefined;
  readonly snapshotId?: string | undefined;
  readonly backupId?: string | undefined;
  /** Cinder: a disk whose content of now the new one begins with. */
  readonly sourceVolumeId?: string | undefined;
}

/** `jobId` is null in the Cinder form: those clients poll the status. */
export interface CreatedVolumes {
  readonly volumes: readonly Volume[];
  readonly jobId: string | null;
}

/** How many there are, how large they are together, and every value of each metadata key. */
export interface VolumeSummary {
  readonly count: number;
  readonly sizeGib: number;
  readonly metadata: Readonly<Record<string, readonly string[]>>;
}

export interface VolumeQuery extends ListQuery {
  /** Unknown ids are ignored. */
  readonly ids?: readonly string[] | undefined;
  readonly name?: string | undefined;
  readonly status?: string | undefined;
  readonly zone?: string | undefined;
  /** Name or id of a type. */
  readonly type?: string | undefined;
  readonly bootable?: boolean | undefined;
  readonly multiattach?: boolean | undefined;
  readonly sizeGib?: number | undefined;
  readonly serverId?: string | undefined;
  /** All of these keys with these values. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

export interface DeleteVolume {
  /** Native deletes snapshots too. Cinder refuses when there are any, unless `cascade`. */
  readonly face: Face;
  readonly cascade?: boolean | undefined;
  /** Admin: whatever the status. */
  readonly force?: boolean | undefined;
}

/** Flags and notes of the Cinder form; absent ones stay. */
export interface VolumeFlags {
  readonly bootable?: boolean | undefined;
  readonly readonly?: boolean | undefined;
}

export interface AttachVolume {
  readonly serverId?: string | null | undefined;
  readonly hostName?: string | null | undefined;
  readonly device?: string | undefined;
  readonly mode?: 'rw' | 'ro' | undefined;
}
