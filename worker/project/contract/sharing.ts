// Backups that one project shares with others.

import type { Outcome } from '../../faults.ts';
import type { Backup } from './backups.ts';
import type { Caller, ListQuery, Page } from './common.ts';

/** What the receiving project says to it. A rejected backup may be accepted later, for as long as it is shared. */
export type ShareStatus = 'pending' | 'accepted' | 'rejected';

/** CBR's sharings are to be accepted, into a vault; VBS's are good at once, and in no vault. */
export type ShareForm = 'cbr' | 'vbs';

/** One backup, shared with one project. Both projects know it under the same id. */
export interface Sharing {
  readonly id: string;
  readonly backupId: string;
  readonly fromProjectId: string;
  readonly toProjectId: string;
  readonly form: ShareForm;
  readonly status: ShareStatus;
  /** The receiving project's, once it has accepted in the CBR form. */
  readonly vaultId: string | null;
  readonly createdMs: number;
  readonly updatedMs: number;
  readonly backup: Backup;
}

export interface SharingQuery extends ListQuery {
  /** What this project gives, or what it was given. */
  readonly direction: 'given' | 'received';
  readonly backupId?: string | undefined;
  readonly status?: ShareStatus | undefined;
  readonly fromProjectId?: string | undefined;
  readonly toProjectId?: string | undefined;
  readonly vaultId?: string | undefined;
  /** Of the backup; of the name a part is enough. */
  readonly volumeId?: string | undefined;
  readonly backupName?: string | undefined;
  readonly backupStatus?: string | undefined;
  readonly backupZone?: string | undefined;
}

/** The receiving project's answer. Accepting names one of its vaults. */
export interface ShareAnswer {
  readonly status: ShareStatus;
  readonly vaultId?: string | undefined;
}

/** Where the bytes of a backup are. */
export interface BackupPlace {
  readonly projectId: string;
  readonly vaultId: string;
  readonly backupId: string;
}

/** What one project tells the other about a sharing: a job, so that it arrives. */
export type ShareNews =
  | { readonly kind: 'offered'; readonly sharing: Sharing; readonly place: BackupPlace }
  | { readonly kind: 'withdrawn'; readonly sharingId: string }
  /** Its bytes are in another vault now. */
  | { readonly kind: 'moved'; readonly sharingId: string; readonly place: BackupPlace }
  | {
      readonly kind: 'answered';
      readonly sharingId: string;
      readonly toProjectId: string;
      readonly status: ShareStatus;
      readonly vaultId: string | null;
    };

/** Backups that go between projects, without a byte moved. What has no caller is asked by other Project objects. */
export interface SharingRpc {
  /** All of them or none. */
  shareBackup(
    caller: Caller,
    backupId: string,
    toProjectIds: readonly string[],
    form: ShareForm,
  ): Promise<Outcome<readonly Sharing[]>>;
  listSharings(caller: Caller, query: SharingQuery): Promise<Outcome<Page<Sharing>>>;
  getSharing(caller: Caller, id: string): Promise<Outcome<Sharing>>;
  /** Of one backup: the giver sees all, a receiver its own. */
  sharingsOf(caller: Caller, backupId: string): Promise<Outcome<readonly Sharing[]>>;
  /** The giver's. */
  unshareBackup(caller: Caller, backupId: string, toProjectId: string): Promise<Outcome<null>>;
  cancelSharing(caller: Caller, which: { readonly id: string } | { readonly backupId: string }): Promise<Outcome<null>>;
  /** The receiver's. */
  answerShare(caller: Caller, backupId: string, answer: ShareAnswer): Promise<Outcome<Sharing>>;
  /** May that project still read what this sharing gives it? */
  mayRead(sharingId: string, toProjectId: string): Promise<boolean>;
  takeNews(news: ShareNews): Promise<void>;
}
