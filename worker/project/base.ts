// What the Project object does around every question: who may ask, what is read in one turn and changed in one transaction,
// and the settings of all projects brought along where a decision rests on them.

import { DurableObject } from 'cloudflare:workers';
import { placeSettings } from '../config.ts';
import type { Env } from '../env.ts';
import { fault, type Outcome, ok, Refusal } from '../faults.ts';
import { Agenda } from './agenda.ts';
import { CATALOG_ID, catalog } from './catalog.ts';
import type { Caller, ProjectRpc } from './contract.ts';
import { Control } from './control.ts';
import { Driver } from './driver.ts';
import { CATALOG_COPY_LIFE_MS } from './limits.ts';

export class ProjectBase extends DurableObject<Env> {
  protected readonly control: Control;
  readonly #agenda: Agenda;
  /** Until when the copy of the catalog may be used. Real time. */
  #catalogUntilMs = 0;
  #catalogAsked = 0;
  #catalogHad = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const name = ctx.id.name ?? ctx.id.toString();
    this.control = new Control(name, ctx.storage, placeSettings(env), (begun) => this.#agenda.committed(begun));
    const driver = new Driver(this.control, env);
    this.#agenda = new Agenda(ctx, this.control, driver, () => this.bringSettings());
  }

  override async alarm(): Promise<void> {
    await this.#agenda.ring();
  }

  /** Answers from what is stored, in one synchronous turn. */
  protected read<T>(caller: Caller, read: (control: Control) => T): Outcome<T> {
    try {
      this.#admit(caller);
      return ok(read(this.control));
    } catch (error) {
      return refusal(error);
    }
  }

  /** Changes what is stored, in one transaction. */
  protected change<T>(caller: Caller, change: (control: Control) => T): Outcome<T> {
    return this.read(caller, (control) => control.commit(() => change(control)));
  }

  /** The same for administrators only. */
  protected adminChange<T>(caller: Caller, change: (control: Control) => T): Outcome<T> {
    return this.change(caller, (control) => {
      mustBeAdmin(caller);
      return change(control);
    });
  }

  /** A read or change that rests on the settings of all projects. `fresh`: as they are now, else as of a moment ago. */
  protected async withCatalog<T>(decide: () => Outcome<T>, fresh: 'fresh' | 'recent' = 'recent'): Promise<Outcome<T>> {
    if (fresh === 'fresh' || Date.now() >= this.#catalogUntilMs) await this.#bringCatalog();
    return decide();
  }

  /** For what is done without a caller. A backup that is late for want of a limit helps nobody: should they not come, those of before hold. */
  protected async bringSettings(): Promise<void> {
    if (Date.now() < this.#catalogUntilMs) return;
    await this.#bringCatalog().catch((error: unknown) => {
      console.error(`project ${this.control.projectId}: settings of all projects: ${error}`);
    });
  }

  /**
   * The same for what names a type: one that the copy does not have may have been added, or opened to this project, since.
   */
  protected async withType<T>(decide: () => Outcome<T>): Promise<Outcome<T>> {
    const outcome = await this.withCatalog(decide);
    const unknown = !outcome.ok && outcome.fault.code === 'type-not-found';
    return unknown ? await this.withCatalog(decide, 'fresh') : outcome;
  }

  /** Everything that the project ever stored is gone; what runs finds nothing to write its end into. */
  protected async loseAll(): Promise<void> {
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
    this.control.store.forget();
    this.control.clock.forget();
    this.#agenda.forget();
  }

  protected projectNamed(id: string): ProjectRpc {
    this.control.store.meter.counts.objectRequests++;
    return this.env.PROJECT.get(this.env.PROJECT.idFromName(id)) as unknown as ProjectRpc;
  }

  async #bringCatalog(): Promise<void> {
    const { control } = this;
    const isCatalog = control.projectId === CATALOG_ID;
    if (isCatalog) control.store.created(CATALOG_ID);
    const asked = ++this.#catalogAsked;
    const copy = isCatalog ? catalog(control) : await this.projectNamed(CATALOG_ID).catalog();
    // An answer that was overtaken by that to a later question is the older one.
    if (asked < this.#catalogHad) return;
    this.#catalogHad = asked;
    control.catalog = copy;
    this.#catalogUntilMs = Date.now() + CATALOG_COPY_LIFE_MS;
  }

  #admit(caller: Caller): void {
    const { projectId, store } = this.control;
    if (caller.projectId !== projectId) throw new Refusal('forbidden', { action: 'use another project' });
    if (!store.created(projectId)) return;
    const revoked = store.rows('SELECT 1 FROM revoked WHERE id = ?', caller.tokenId).length > 0;
    if (revoked) throw new Refusal('token-revoked');
  }
}

/** Refuses everybody but an administrator. */
export function mustBeAdmin(caller: Caller): void {
  if (!caller.roles.includes('admin')) throw new Refusal('forbidden', { action: 'do this: it is for administrators' });
}

/** A refusal as data. Anything else is a bug: it is logged, and told without its insides. */
export function refusal(error: unknown): { readonly ok: false; readonly fault: ReturnType<typeof fault> } {
  if (error instanceof Refusal) return { ok: false, fault: error.fault };
  console.error(error);
  return {
    ok: false,
    fault: fault('internal', { reason: 'The control plane failed: see the log of the deployment.' }),
  };
}
