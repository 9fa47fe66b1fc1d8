// Policies: when backups are made by themselves, and how long they are kept (CBR and VBS).

import type { Fault, Outcome } from '../../faults.ts';
import type { BackupStatus } from './backups.ts';
import type { Caller, ListQuery, Page } from './common.ts';

/** What a policy keeps. Absent means -1 for the first two, 0 for the others: no such rule. */
export interface Retention {
  readonly maxBackups?: number | undefined;
  /** Excludes all others. */
  readonly durationDays?: number | undefined;
  /** The newest backup of each of so many days, weeks, months and years that have one. */
  readonly dayBackups?: number | undefined;
  readonly weekBackups?: number | undefined;
  readonly monthBackups?: number | undefined;
  readonly yearBackups?: number | undefined;
  /** Where days begin and end: `UTC+01:00`. Absent is UTC. */
  readonly timeZone?: string | undefined;
  /** VBS: the first backup of the month that it is now stays. */
  readonly firstOfMonth?: boolean | undefined;
}

export interface Policy {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly operationType: 'backup' | 'replication';
  readonly retention: Retention;
  /** operation_definition as it was given. */
  readonly definition: Readonly<Record<string, unknown>>;
  /** RRULEs, UTC. */
  readonly patterns: readonly string[];
  readonly startMs: number;
  readonly triggerId: string;
  readonly vaultIds: readonly string[];
  /** Next due time; null when disabled or without a vault. Not part of the vendor's API. */
  readonly nextMs: number | null;
  readonly createdMs: number;
  readonly updatedMs: number;
}

export interface PolicyInput {
  readonly name?: string | undefined;
  readonly enabled?: boolean | undefined;
  /** On creation only. */
  readonly operationType?: string | undefined;
  /** operation_definition: max_backups, retention_duration_days, … with the vendor's names; what is absent is no rule. */
  readonly definition?: Readonly<Record<string, unknown>> | undefined;
  readonly patterns?: readonly string[] | undefined;
}

export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** A policy in the words of VBS: it names disks, not vaults. Times are as its API writes them. */
export interface VbsPolicy {
  readonly id: string;
  readonly name: string;
  /** Full hours of UTC, `22:00,00:00`, ascending by the policy's own clock. */
  readonly startTime: string;
  /** Every so many days; null when it goes by days of the week. */
  readonly frequencyDays: number | null;
  /** `SUN` … `SAT`, of the policy's own clock. */
  readonly weekDays: readonly string[] | null;
  /** The two exclude each other; without both all are kept. */
  readonly maxBackups: number | null;
  readonly durationDays: number | null;
  readonly firstOfMonth: boolean;
  readonly enabled: boolean;
  /** `UTC+08:00`; null when none was given, which is UTC. */
  readonly timeZone: string | null;
  readonly tags: readonly Tag[];
  /** The disks that it backs up and that exist. */
  readonly volumeIds: readonly string[];
  readonly nextMs: number | null;
  readonly createdMs: number;
}

/** Absent fields stay, on creation they have the API's defaults. */
export interface VbsPolicyInput {
  readonly name?: string | undefined;
  readonly startTime?: string | undefined;
  /** Wins over weekDays. */
  readonly frequencyDays?: number | undefined;
  readonly weekDays?: readonly string[] | undefined;
  /** Wins over durationDays. */
  readonly maxBackups?: number | undefined;
  readonly durationDays?: number | undefined;
  /** `Y` or `N`. */
  readonly firstOfMonth?: string | undefined;
  /** `ON` or `OFF`. */
  readonly status?: string | undefined;
  readonly timeZone?: string | undefined;
  readonly tags?: readonly Tag[] | undefined;
}

/** A disk that was to be put under a policy or taken from it; `failure` is null when it was. */
export interface PolicyResource {
  readonly volumeId: string;
  /** As it was asked for: `volume`. */
  readonly type: string;
  /** Null when there is no such disk. */
  readonly zone: string | null;
  readonly failure: Fault | null;
}

/** Tags by key: `create` and `update` set them, `delete` takes those that are there. */
export interface TagAction {
  readonly action: 'create' | 'update' | 'delete';
  readonly tags: readonly Tag[];
}

/** One backup of a policy, or why there is none. */
export interface PolicyTask {
  readonly id: string;
  readonly status: 'WAITING' | 'RUNNING' | 'EXECUTE_SUCCESS' | 'EXECUTE_FAIL' | 'EXECUTE_TIMEOUT' | 'SKIP';
  readonly createdMs: number;
  readonly endedMs: number | null;
  readonly backupName: string | null;
  readonly volumeId: string | null;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
}

export interface PolicyTaskQuery extends ListQuery {
  readonly taskId?: string | undefined;
  readonly status?: string | undefined;
}

/** What to plan for; absent is what holds now. */
export interface RetentionPlanInput {
  /** Changes of the rules, as PolicyInput has them: nothing is saved. */
  readonly definition?: Readonly<Record<string, unknown>> | undefined;
  readonly patterns?: readonly string[] | undefined;
  readonly enabled?: boolean | undefined;
  readonly atMs?: number | undefined;
}

/** What becomes of a policy's backups. `when`: after the next backup or change of rules, or at the daily sweep. */
export interface PlannedBackup {
  readonly id: string;
  readonly name: string;
  readonly volumeId: string;
  readonly vaultId: string;
  readonly status: BackupStatus;
  readonly createdMs: number;
  readonly expiresMs: number | null;
  readonly keep: boolean;
  readonly when: 'now' | 'sweep' | null;
  readonly reason: string;
}

export interface RetentionPlan {
  readonly atMs: number;
  readonly enabled: boolean;
  /** Newest first, disk by disk. */
  readonly backups: readonly PlannedBackup[];
  /** The next points after `atMs`; none while disabled. */
  readonly nextRunsMs: readonly number[];
  readonly nextSweepMs: number;
}

/** Policies; on a vault they take effect, those of VBS on a disk. */
export interface PolicyRpc {
  /** Repeatable. */
  associatePolicy(caller: Caller, vaultId: string, policyId: string): Promise<Outcome<null>>;
  dissociatePolicy(caller: Caller, vaultId: string, policyId: string): Promise<Outcome<null>>;
  createPolicy(caller: Caller, input: PolicyInput): Promise<Outcome<Policy>>;
  listPolicies(
    caller: Caller,
    query: { operationType?: string; vaultId?: string },
  ): Promise<Outcome<readonly Policy[]>>;
  getPolicy(caller: Caller, id: string): Promise<Outcome<Policy>>;
  updatePolicy(caller: Caller, id: string, input: PolicyInput): Promise<Outcome<Policy>>;
  deletePolicy(caller: Caller, id: string): Promise<Outcome<null>>;
  /** Of a policy of either API. Changes nothing. */
  planRetention(caller: Caller, id: string, input: RetentionPlanInput): Promise<Outcome<RetentionPlan>>;

  // The same in the words of VBS. Each API has its own policies.
  createVbsPolicy(caller: Caller, input: VbsPolicyInput): Promise<Outcome<VbsPolicy>>;
  listVbsPolicies(caller: Caller): Promise<Outcome<readonly VbsPolicy[]>>;
  getVbsPolicy(caller: Caller, id: string): Promise<Outcome<VbsPolicy>>;
  updateVbsPolicy(caller: Caller, id: string, input: VbsPolicyInput): Promise<Outcome<VbsPolicy>>;
  deleteVbsPolicy(caller: Caller, id: string): Promise<Outcome<null>>;
  /** Backs up its disks now. */
  executeVbsPolicy(caller: Caller, id: string): Promise<Outcome<null>>;
  /** A disk is under one policy at most: it leaves the one that it was under. */
  addPolicyResources(
    caller: Caller,
    id: string,
    resources: readonly { readonly id: string; readonly type: string }[],
  ): Promise<Outcome<readonly PolicyResource[]>>;
  removePolicyResources(
    caller: Caller,
    id: string,
    volumeIds: readonly string[],
  ): Promise<Outcome<readonly PolicyResource[]>>;
  listPolicyTasks(caller: Caller, id: string, query: PolicyTaskQuery): Promise<Outcome<Page<PolicyTask>>>;
  changePolicyTags(caller: Caller, id: string, change: TagAction): Promise<Outcome<null>>;
}
