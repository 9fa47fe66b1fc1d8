// Driving a Disk object directly, as its Project does: jobs until they end, bytes through `fetch`.

import { env } from 'cloudflare:test';
import type { Env } from '../../worker/env.ts';
import type { AllocatedBlocks, DiskJob, DiskOwner, JobReport, VaultRpc } from '../../worker/protocol.ts';

export const bindings = env as unknown as Env;
export const OWNER: DiskOwner = { projectId: '1'.repeat(32), zone: 'eu-de-01' };
const DEADLINE_MS = 15_000;

export class DiskDriver {
  readonly id: string;
  readonly owner: DiskOwner;

  constructor(owner: DiskOwner = OWNER, id: string = crypto.randomUUID()) {
    this.id = id;
    this.owner = owner;
  }

  /** A fresh stub each time: after a crash of the object the old one stays broken. */
  get stub() {
    return bindings.DISK.get(bindings.DISK.idFromName(this.id));
  }

  /** Runs a job to its end. */
  async run(job: DiskJob, jobId: string = crypto.randomUUID()): Promise<JobReport> {
    for (const until = Date.now() + DEADLINE_MS; Date.now() < until; ) {
      const report = await this.stub.run(this.owner, jobId, job);
      if (report.state !== 'running') return report as JobReport;
      await scheduler.wait(10);
    }
    throw new Error(`${job.kind} did not end`);
  }

  /** Runs a job that has to succeed. */
  async done(job: DiskJob, jobId?: string): Promise<Extract<JobReport, { state: 'done' }>> {
    const report = await this.run(job, jobId);
    if (report.state !== 'done') throw new Error(`${job.kind}: ${JSON.stringify(report)}`);
    return report;
  }

  async create(sizeBytes = 2 ** 30): Promise<this> {
    await this.done({ kind: 'create', sizeBytes });
    return this;
  }

  async put(offset: number, bytes: Uint8Array, length = bytes.length): Promise<Response> {
    return this.stub.fetch(`http://disk/bytes?offset=${offset}&length=${length}`, {
      method: 'PUT',
      body: bytes as Uint8Array<ArrayBuffer>,
      headers: this.#headers(),
    });
  }

  /** Writes, and fails unless it was acknowledged. */
  async write(offset: number, bytes: Uint8Array): Promise<void> {
    const response = await this.put(offset, bytes);
    if (response.status !== 204) throw new Error(`write: ${response.status} ${await response.text()}`);
  }

  async get(offset: number, length: number, point = 'head'): Promise<Response> {
    const query = `point=${point}&offset=${offset}&length=${length}`;
    return this.stub.fetch(`http://disk/bytes?${query}`, { headers: this.#headers() });
  }

  async read(offset: number, length: number, point = 'head'): Promise<Uint8Array> {
    const response = await this.get(offset, length, point);
    if (response.status !== 200) throw new Error(`read: ${response.status} ${await response.text()}`);
    return new Uint8Array(await response.arrayBuffer());
  }

  async blocks(point = 'head'): Promise<AllocatedBlocks> {
    const query = `point=${point}&cursor=0&limit=10000`;
    const response = await this.stub.fetch(`http://disk/blocks?${query}`, { headers: this.#headers() });
    if (response.status !== 200) throw new Error(`blocks: ${response.status} ${await response.text()}`);
    return response.json();
  }

  async status() {
    return this.stub.status(this.owner);
  }

  /** Waits until folding, hydrating and releasing are over. */
  async settled(): Promise<void> {
    for (const until = Date.now() + DEADLINE_MS; Date.now() < until; ) {
      const status = await this.status();
      const busy = !status || status.hydration !== null || status.logEntries > 0;
      if (!busy && status.snapshots.every((snapshot) => snapshot.sealed)) return;
      await scheduler.wait(50);
    }
    throw new Error('the disk did not settle');
  }

  #headers(): Record<string, string> {
    return { 'x-evs-project': this.owner.projectId, 'x-evs-zone': this.owner.zone };
  }
}

/** Bytes that no compression makes small. */
export function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, Math.min(length, at + 65_536)));
  return bytes;
}

/** A vault that exists. */
export async function createVault(projectId = OWNER.projectId): Promise<string> {
  const vaultId = crypto.randomUUID();
  const vault = bindings.VAULT.get(bindings.VAULT.idFromName(vaultId)) as unknown as VaultRpc;
  const report = await vault.run(projectId, crypto.randomUUID(), { kind: 'create' });
  if (report.state !== 'done') throw new Error(JSON.stringify(report));
  return vaultId;
}

export function label(volumeId: string) {
  return { name: 'b', volumeId, volumeName: 'v', zone: OWNER.zone, createdMs: Date.now(), automatic: false };
}
