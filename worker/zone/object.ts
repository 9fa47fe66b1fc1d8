// The health of one availability zone: the failure domain. Disks ask for it in a simulation; elsewhere nobody calls this.

import { DurableObject } from 'cloudflare:workers';
import { placeSettings } from '../config.ts';
import type { Env } from '../env.ts';
import type { ZoneHealth, ZoneRpc } from '../protocol.ts';

const KEY = 'health';
const DELAY_MS_MAX = 60_000;

export class Zone extends DurableObject<Env> implements ZoneRpc {
  async health(): Promise<{ state: ZoneHealth; delayMs: number }> {
    return this.ctx.storage.kv.get<{ state: ZoneHealth; delayMs: number }>(KEY) ?? { state: 'up', delayMs: 0 };
  }

  async set(state: ZoneHealth, delayMs: number): Promise<void> {
    if (!placeSettings(this.env).simulation) throw new Error('Zones can be driven in a simulation only.');
    if (!(delayMs >= 0 && delayMs <= DELAY_MS_MAX)) throw new Error(`A delay is 0 to ${DELAY_MS_MAX} ms.`);
    this.ctx.storage.kv.put(KEY, { state, delayMs: state === 'slow' ? delayMs : 0 });
  }
}
