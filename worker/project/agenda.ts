// When this object does something of its own accord: right after a change that began jobs, and when its one alarm rings.

import type { Control } from './control.ts';
import type { Driver } from './driver.ts';
import { type DueKey, policyOf } from './due.ts';
import { PATIENCE } from './limits.ts';
import { runPolicy } from './schedule.ts';
import { sweep } from './sweep.ts';

export class Agenda {
  readonly #ctx: DurableObjectState;
  readonly #control: Control;
  readonly #driver: Driver;
  readonly #bringSettings: () => Promise<void>;
  /** When the alarm will ring, as far as this object knows. */
  #alarmMs: number | null = null;

  /** @param bringSettings Has what runs rest on limits as they are now. */
  constructor(ctx: DurableObjectState, control: Control, driver: Driver, bringSettings: () => Promise<void>) {
    this.#ctx = ctx;
    this.#control = control;
    this.#driver = driver;
    this.#bringSettings = bringSettings;
  }

  /** After a change, in its turn: what it wrote and the alarm that looks after it become durable together. */
  committed(begunJobIds: readonly string[]): void {
    this.#arm();
    for (const id of begunJobIds) this.#ctx.waitUntil(this.#driver.drive(id));
  }

  /** The storage was emptied, and the alarm with it. */
  forget(): void {
    this.#alarmMs = null;
  }

  /** Does what has come due. Never throws: the platform gives up on an alarm that keeps failing. */
  async ring(): Promise<void> {
    const { due, projectId, store } = this.#control;
    this.#alarmMs = null;
    try {
      if (!store.created(projectId)) return;
      for (const key of due.ready(Date.now())) if (policyOf(key) === null) this.#comeDue(key);
      // What is left by now are policies.
      if (due.ready(Date.now()).length > 0) await this.#bringSettings();
      for (const key of due.ready(Date.now())) this.#comeDue(key);
      this.#arm();
    } catch (error) {
      console.error(`project ${projectId}: alarm: ${error}`);
      this.#setAlarm(Date.now() + PATIENCE.alarmBackoffMs);
    }
  }

  #comeDue(key: DueKey): void {
    const control = this.#control;
    const policyId = policyOf(key);
    try {
      if (key === 'sweep') {
        control.commit(() => sweep(control));
        return;
      }
      if (policyId !== null) {
        control.commit(() => runPolicy(control, policyId));
        return;
      }
      const id = key.slice('job:'.length);
      // The driver goes on in memory; should it be lost, the alarm rings again.
      const netMs = this.#driver.isDriving(id) ? PATIENCE.drivenNetMs : PATIENCE.safetyNetMs;
      control.commit(() => control.due.set(key, Date.now() + netMs));
      this.#ctx.waitUntil(this.#driver.drive(id));
    } catch (error) {
      console.error(`project ${control.projectId}: ${key}: ${error}`);
      control.commit(() => control.due.set(key, Date.now() + PATIENCE.backoffMaxMs));
    }
  }

  #arm(): void {
    const earliestMs = this.#control.due.earliestMs();
    // An alarm that rings too early costs one request, moving it costs a written row: it is only moved forward.
    if (earliestMs !== null && (this.#alarmMs === null || earliestMs < this.#alarmMs)) this.#setAlarm(earliestMs);
  }

  #setAlarm(alarmMs: number): void {
    this.#alarmMs = alarmMs;
    // What is overdue rings at once.
    const armed = this.#ctx.storage.setAlarm(Math.max(alarmMs, Date.now()));
    this.#ctx.waitUntil(armed.catch((error: unknown) => console.error(`project ${this.#control.projectId}: ${error}`)));
  }
}
