// What a Disk object keeps besides the disk itself: whose it is, its jobs, what it holds of others, what is due.

import type { MeteredSql } from '../adapters/metered-sql.ts';
import type { DiskJob, DiskOwner, JobReport } from '../protocol.ts';

export interface OwnerRow extends DiskOwner {
  readonly diskId: string;
  /** Deleted for its owner; kept only because a clone still reads from it. */
  readonly isTombstone: boolean;
}

export interface JobRow {
  readonly id: string;
  readonly job: DiskJob;
  readonly report: JobReport;
  readonly attempts: number;
}

/** Background work that is due at a time. */
export type Task = 'job' | 'fold' | 'hydrate' | 'release' | 'collect' | 'scrub' | 'look' | 'detach';

const CREATE = [
  'CREATE TABLE owner(one INTEGER PRIMARY KEY, disk TEXT, project TEXT, zone TEXT, tombstone INT)',
  'CREATE TABLE job(id TEXT PRIMARY KEY, job TEXT, report TEXT, attempts INT) WITHOUT ROWID',
  // Leases of vaults and pins of disks that this disk acquired and must give back: written before they are used.
  'CREATE TABLE held(id TEXT PRIMARY KEY, locator TEXT) WITHOUT ROWID',
  'CREATE TABLE due(task TEXT PRIMARY KEY, ms INT) WITHOUT ROWID',
] as const;

/** Reads and writes of those tables. Call only when the disk exists, but for `create`. */
export class DiskRecords {
  readonly #sql: MeteredSql;

  constructor(sql: MeteredSql) {
    this.#sql = sql;
  }

  /** Makes the tables; part of the transaction that creates the disk. */
  create(owner: OwnerRow): void {
    for (const text of CREATE) this.#sql.run(text);
    this.writeOwner(owner);
  }

  owner(): OwnerRow {
    const [row] = this.#sql.rows<[string, string, string, number]>('SELECT disk, project, zone, tombstone FROM owner');
    if (!row) throw new Error('a disk without an owner');
    const [diskId, projectId, zone, tombstone] = row;
    return { diskId, projectId, zone, isTombstone: tombstone === 1 };
  }

  writeOwner(owner: OwnerRow): void {
    this.#sql.run(
      'INSERT OR REPLACE INTO owner(one, disk, project, zone, tombstone) VALUES (1, ?, ?, ?, ?)',
      owner.diskId,
      owner.projectId,
      owner.zone,
      owner.isTombstone ? 1 : 0,
    );
  }

  jobs(): JobRow[] {
    return this.#sql
      .rows<[string, string, string, number]>('SELECT id, job, report, attempts FROM job')
      .map(([id, job, report, attempts]) => ({ id, job: JSON.parse(job), report: JSON.parse(report), attempts }));
  }

  writeJob(row: JobRow): void {
    this.#sql.run(
      'INSERT OR REPLACE INTO job(id, job, report, attempts) VALUES (?, ?, ?, ?)',
      row.id,
      JSON.stringify(row.job),
      JSON.stringify(row.report),
      row.attempts,
    );
  }

  deleteJob(id: string): void {
    this.#sql.run('DELETE FROM job WHERE id = ?', id);
  }

  held(): { id: string; locator: string }[] {
    return this.#sql.rows<[string, string]>('SELECT id, locator FROM held').map(([id, locator]) => ({ id, locator }));
  }

  hold(id: string, locator: string): void {
    this.#sql.run('INSERT OR REPLACE INTO held(id, locator) VALUES (?, ?)', id, locator);
  }

  letGo(id: string): void {
    this.#sql.run('DELETE FROM held WHERE id = ?', id);
  }

  due(): Map<Task, number> {
    return new Map(this.#sql.rows<[Task, number]>('SELECT task, ms FROM due'));
  }

  setDue(task: Task, ms: number): void {
    this.#sql.run('INSERT OR REPLACE INTO due(task, ms) VALUES (?, ?)', task, ms);
  }

  clearDue(task: Task): void {
    this.#sql.run('DELETE FROM due WHERE task = ?', task);
  }
}
