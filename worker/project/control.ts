// What every module of the control plane works on: the project's documents, its clock, the table of due times, and the
// one way to change anything.

import type { ZoneConfig } from '../config.ts';
import { Refusal } from '../faults.ts';
import type { Progress } from '../protocol.ts';
import { Clock } from './clock.ts';
import type { Catalog, Message, QosSpecs } from './contract.ts';
import { DueTimes } from './due.ts';
import type {
  BackupRecord,
  CheckpointRecord,
  JobRecord,
  OfferRecord,
  PolicyRecord,
  ServerRecord,
  ShareRecord,
  SnapshotRecord,
  TaskRecord,
  TransferRecord,
  TypeRecord,
  VaultRecord,
  VolumeRecord,
} from './records.ts';
import { Store } from './store.ts';
import { VaultDocuments } from './vault-documents.ts';

/** On whose behalf something is done; the schedule acts for the user who made the policy. */
export interface Actor {
  readonly userId: string;
  /** See Caller: whom what is made belongs to, when that is not this project. */
  readonly homeProjectId?: string | undefined;
}

export interface Places {
  readonly zones: readonly ZoneConfig[];
  readonly simulation: boolean;
}

export class Control {
  readonly projectId: string;
  readonly zones: readonly ZoneConfig[];
  readonly simulation: boolean;
  readonly store: Store;
  readonly clock: Clock;
  readonly due: DueTimes;
  readonly volumes;
  readonly snapshots;
  readonly backups;
  readonly vaults;
  readonly policies;
  readonly checkpoints;
  readonly tasks;
  readonly servers;
  readonly jobs;
  readonly transfers;
  readonly shares;
  readonly messages;
  /** Of the catalog only: settings of all projects. */
  readonly types;
  readonly qosSpecs;
  readonly offers;
  /** The settings of all projects, as they were a moment ago; changes that rest on them have them brought before. */
  catalog: Catalog = { types: [], quotaDefaults: {} };
  /** How far running jobs are, as last told; not worth a stored row. */
  readonly progress = new Map<string, Progress>();
  /** Jobs begun in the running change, for the driver. */
  #begun: string[] = [];
  readonly #onCommit: (begunJobIds: readonly string[]) => void;

  constructor(
    projectId: string,
    storage: DurableObjectStorage,
    places: Places,
    onCommit: (begunJobIds: readonly string[]) => void,
  ) {
    this.projectId = projectId;
    this.zones = places.zones;
    this.simulation = places.simulation;
    this.store = new Store(storage);
    this.clock = new Clock(this.store);
    this.due = new DueTimes(this.store);
    this.volumes = this.store.documents<VolumeRecord>('volume');
    this.snapshots = this.store.documents<SnapshotRecord>('snapshot');
    this.backups = this.store.documents<BackupRecord>('backup');
    this.vaults = new VaultDocuments(this.store);
    this.policies = this.store.documents<PolicyRecord>('policy');
    this.checkpoints = this.store.documents<CheckpointRecord>('checkpoint');
    this.tasks = this.store.documents<TaskRecord>('task');
    this.servers = this.store.documents<ServerRecord>('server');
    this.jobs = this.store.documents<JobRecord>('job');
    this.transfers = this.store.documents<TransferRecord>('transfer');
    this.shares = this.store.documents<ShareRecord>('share');
    this.messages = this.store.documents<Message>('message');
    this.types = this.store.documents<TypeRecord>('type');
    this.qosSpecs = this.store.documents<QosSpecs>('qos');
    this.offers = this.store.documents<OfferRecord>('offer');
    this.#onCommit = onCommit;
  }

  /** Milliseconds of the project's clock. */
  now(): number {
    return this.clock.now();
  }

  /** Runs a change in one transaction; afterwards, in the same turn, arms the alarm and starts the jobs it began. */
  commit<T>(change: () => T): T {
    this.#begun = [];
    this.vaults.forgetChanges();
    const result = this.store.change(this.projectId, () => {
      const changed = change();
      this.vaults.keepChanges(this);
      return changed;
    });
    const begun = this.#begun;
    this.#begun = [];
    this.#onCommit(begun);
    return result;
  }

  /** Of a running job, as far as it was told: at most 99, since only the end is 100. */
  percent(jobId: string): number | undefined {
    const progress = this.progress.get(jobId);
    if (progress === undefined || progress.totalBytes <= 0) return progress && 0;
    return Math.min(99, Math.floor((100 * progress.doneBytes) / progress.totalBytes));
  }

  /** To be called inside `commit`. */
  jobBegun(id: string): void {
    this.#begun.push(id);
  }

  /** A document by id, or the refusal. */
  volume(id: string): VolumeRecord {
    return found(this.volumes.get(id), () => new Refusal('volume-not-found', { id }));
  }

  snapshot(id: string): SnapshotRecord {
    return found(this.snapshots.get(id), () => new Refusal('snapshot-not-found', { id }));
  }

  backup(id: string): BackupRecord {
    return found(this.backups.get(id), () => new Refusal('backup-not-found', { id }));
  }

  vault(id: string): VaultRecord {
    return found(this.vaults.get(id), () => new Refusal('vault-not-found', { id }));
  }

  policy(id: string): PolicyRecord {
    return found(this.policies.get(id), () => new Refusal('policy-not-found', { id }));
  }

  server(id: string): ServerRecord {
    return found(this.servers.get(id), () => new Refusal('server-not-found', { id }));
  }

  transfer(id: string): TransferRecord {
    return found(this.transfers.get(id), () => new Refusal('transfer-not-found', { id }));
  }

  /** The zone's settings, or the refusal. */
  zone(name: string): ZoneConfig {
    return found(
      this.zones.find((zone) => zone.name === name) ?? null,
      () => new Refusal('zone-not-found', { zone: name }),
    );
  }

  defaultZone(): ZoneConfig {
    return this.zones[0]!;
  }
}

function found<T>(document: T | null, refusal: () => Refusal): T {
  if (document === null) throw refusal();
  return document;
}
