// Policies: when backups are made by themselves, and how long they are kept (CBR).

/** What a policy keeps. Absent means -1: no such rule. */
export interface Retention {
  readonly maxBackups?: number | undefined;
  readonly durationDays?: number | undefined;
}

export interface Policy {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly operationType: 'backup' | 'replication';
  readonly retention: Retention;
  /** operation_definition as it was given: fields that are not yet acted upon are kept for the answer. */
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
  /** operation_definition: max_backups, retention_duration_days, … with the vendor's names. */
  readonly definition?: Readonly<Record<string, unknown>> | undefined;
  readonly patterns?: readonly string[] | undefined;
}
