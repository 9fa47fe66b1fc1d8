// The rebuild of a Vault's rows from object storage, as a job of its object: also, and above all, when it has no rows.

import { addCost, type MeterCounts, NO_COST } from '../../engine/cost.ts';
import { EngineError } from '../../engine/errors.ts';
import { VaultState } from '../../engine/repository/ports.ts';
import { Rebuild, rebuiltBy } from '../../engine/repository/rebuild.ts';
import { readSettings } from '../../engine/repository/settings.ts';
import { VaultContext, type VaultPorts } from '../../engine/repository/vault-context.ts';
import type { JobReport, VaultContents } from '../protocol.ts';

export interface RebuildJob {
  readonly projectId: string;
  readonly vaultId: string;
  readonly jobId: string;
  /** A vault that has its rows is left as it is. */
  readonly onlyIfLost: boolean;
}

export class VaultRebuild {
  readonly #ports: VaultPorts;
  /** The one that is under way: what it has in memory makes the next slice cheaper. */
  #running: { readonly jobId: string; readonly rebuild: Rebuild; cost: MeterCounts } | null = null;

  constructor(ports: VaultPorts) {
    this.#ports = ports;
  }

  /** Does a slice. Throws what Rebuild.step throws. */
  async run({ projectId, vaultId, jobId, onlyIfLost }: RebuildJob): Promise<JobReport> {
    const { store } = this.#ports;
    if (onlyIfLost && store.readMeta()?.state === VaultState.open && rebuiltBy(store) !== jobId) {
      return { state: 'done', result: { contents: await this.contents() } };
    }
    if (this.#running?.jobId !== jobId) {
      const rebuild = new Rebuild(this.#ports, { projectId, vaultId, operationId: jobId });
      this.#running = { jobId, rebuild, cost: NO_COST };
    }
    const running = this.#running;
    const mark = store.meter.mark();
    try {
      const step = await running.rebuild.step();
      running.cost = addCost(running.cost, store.meter.since(mark));
      if (step.state === 'running') {
        const { doneBytes, totalBytes } = step;
        return { state: 'running', progress: { doneBytes, totalBytes } };
      }
      this.#running = null;
      return { state: 'done', result: { report: step.report, contents: await this.contents(), cost: running.cost } };
    } catch (error) {
      if (error instanceof EngineError && error.code !== 'unavailable') this.#running = null;
      throw error;
    }
  }

  /** What the vault holds. Throws where there is none. */
  async contents(): Promise<VaultContents> {
    const context = new VaultContext(this.#ports);
    const settings = await readSettings(context);
    context.meta();
    const available = this.#ports.store.listBackups().filter((row) => row.state === 'available');
    const backups = available.map(({ id, sizeBytes, committedMs, label, result }) => {
      return { id, sizeBytes, committedMs, label, result };
    });
    return { backups, settings: settings && { revision: settings.revision, settings: settings.settings } };
  }
}
