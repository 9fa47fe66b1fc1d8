// The part of the Project object that gives volumes to other projects and takes theirs.

import type { Env } from '../env.ts';
import { type Outcome, ok, Refusal, refuse } from '../faults.ts';
import type { DiskRpc, JobReport } from '../protocol.ts';
import { refusal } from './base.ts';
import { CATALOG_ID } from './catalog.ts';
import { CatalogObject } from './catalog-object.ts';
import type * as C from './contract.ts';
import * as transfers from './transfers.ts';

type Caller = C.Caller;

/** As many hex digits as the vendor's keys have. */
const KEY_BYTES = 8;
const SALT_BYTES = 8;

/** How long accepting waits for the giver to say that the volume is reserved. Real time. */
const FIRST_WORD_MS = 3000;
const FIRST_WORD_POLL_MS = 10;

const WAITING: JobReport = { state: 'running', progress: { doneBytes: 0, totalBytes: 0 } };

export class TransferObject extends CatalogObject implements C.TransferRpc {
  async createTransfer(caller: Caller, input: C.CreateTransfer): Promise<Outcome<C.CreatedTransfer>> {
    const allowed = this.read(caller, (control) => control.volume(input.volumeId));
    if (!allowed.ok) return allowed;
    const id = crypto.randomUUID();
    const authKey = transfers.randomHex(KEY_BYTES);
    const salt = transfers.randomHex(SALT_BYTES);
    const key = { salt, keyDigest: await transfers.digestOfKey(salt, authKey) };
    // First where it can be found: an entry for an offer that was refused is only looked at in vain.
    await this.projectNamed(CATALOG_ID).rememberTransfer(id, this.control.projectId);
    const made = this.change(caller, (control) => transfers.createTransfer(control, id, input, key));
    if (!made.ok) await this.#forgetOffer(id);
    return made.ok ? ok({ transfer: made.value, authKey }) : made;
  }
  async listTransfers(caller: Caller, query: C.TransferQuery) {
    return this.read(caller, (control) => transfers.listTransfers(control, query));
  }
  async getTransfer(caller: Caller, id: string) {
    return this.read(caller, (control) => transfers.getTransfer(control, id));
  }
  async deleteTransfer(caller: Caller, id: string) {
    const deleted = this.change(caller, (control) => transfers.deleteTransfer(control, id));
    if (deleted.ok) await this.#forgetOffer(id);
    return deleted;
  }

  async acceptTransfer(caller: Caller, id: string, authKey: string): Promise<Outcome<C.Transfer>> {
    const { projectId } = this.control;
    const allowed = this.read(caller, () => null);
    if (!allowed.ok) return allowed;
    const source = await this.projectNamed(CATALOG_ID).transferProject(id);
    if (source === null) return refuse('transfer-not-found', { id });
    const offered =
      source === projectId ? await this.offeredTransfer(id, authKey) : await this.#ask(source, id, authKey);
    if (!offered.ok) return offered;
    if (source !== projectId) {
      const taken = await this.withType(() =>
        this.change(caller, (control) => transfers.takeOver(control, caller, offered.value)),
      );
      return taken.ok && (await this.#isRefused(offered.value.volume.id)) ? refuse('transfer-taken', { id }) : taken;
    }
    const kept = this.change(caller, (control) => transfers.deleteTransfer(control, id));
    await this.#forgetOffer(id);
    return kept.ok ? ok({ ...offered.value.transfer, destinationProjectId: projectId, accepted: true }) : kept;
  }

  async offeredTransfer(id: string, authKey: string): Promise<Outcome<C.TransferOffer>> {
    try {
      this.control.store.created(this.control.projectId);
      const transfer = this.control.transfer(id);
      if (transfer.accepted) throw new Refusal('transfer-not-found', { id });
      const digest = await transfers.digestOfKey(transfer.salt, authKey);
      if (digest !== transfer.keyDigest) throw new Refusal('transfer-key', { id });
      if (transfer.takenBy !== null) throw new Refusal('transfer-taken', { id });
      return ok(transfers.offer(this.control, transfer));
    } catch (error) {
      return refusal(error);
    }
  }

  async handOver(jobId: string, job: C.HandOver): Promise<JobReport> {
    const { control } = this;
    if (!control.store.created(control.projectId)) return { state: 'gone' };
    const taken = control.commit(() => transfers.takenBy(control, jobId, job));
    if (taken === 'gone') return { state: 'gone' };
    if (taken === 'wait') return WAITING;
    if (taken.handed === null) {
      const { id, zone } = control.volume(taken.volumeId);
      // A zone that is down, an answer that is lost: whoever asks again finds the disk as it is by then.
      const answer = await diskNamed(this.env, id)
        .handOver({ projectId: control.projectId, zone }, job.toProjectId)
        .catch(() => 'wait');
      if (answer === 'gone') {
        control.commit(() => transfers.released(control, job.transferId));
        return { state: 'failed', code: 'not-found', message: 'The disk does not exist (any more).' };
      }
      if (answer !== 'done') return WAITING;
    }
    const { handed } = control.commit(() => transfers.handedOver(control, job.transferId));
    await this.#forgetOffer(job.transferId);
    return { state: 'done', result: { handed } };
  }

  async forgetHandOver(transferId: string): Promise<void> {
    this.control.commit(() => {
      if (this.control.transfers.get(transferId)?.accepted) this.control.transfers.delete(transferId);
    });
  }

  /**
   * Waits for the giver's first word, which reserves the volume: of several that accept at once one has it, and the others
   * are told. Without a word in time it is on its way all the same: the job goes on.
   */
  async #isRefused(volumeId: string): Promise<boolean> {
    const { control } = this;
    const jobId = control.volumes.get(volumeId)?.jobId;
    for (const endMs = Date.now() + FIRST_WORD_MS; jobId != null && Date.now() < endMs; ) {
      const job = control.jobs.get(jobId);
      if (job === null || job.state !== 'running') return job?.succeeded === false;
      if (job.accepted) return false;
      await scheduler.wait(FIRST_WORD_POLL_MS);
    }
    return false;
  }

  async #ask(source: string, id: string, authKey: string): Promise<Outcome<C.TransferOffer>> {
    return await this.projectNamed(source).offeredTransfer(id, authKey);
  }

  /** Nothing rests on it: an entry that stays leads to an offer that is not there. */
  async #forgetOffer(id: string): Promise<void> {
    await this.projectNamed(CATALOG_ID)
      .forgetTransfer(id)
      .catch((error: unknown) => console.error(`transfer ${id}: ${error}`));
  }
}

function diskNamed(env: Env, id: string): DiskRpc {
  return env.DISK.get(env.DISK.idFromName(id)) as unknown as DiskRpc;
}
