// Which backup is about to send what. A vault that has told one session that an object is absent tells the others that it
// is coming, so that disks with the same content which are backed up at once send it once. Only a hint, in memory: who is
// told so asks again later, and sends it himself when it does not come.

import { refKey } from '../memory/rows.ts';
import type { ObjectRef } from '../types.ts';

/** Of one object: is it in the vault, is another session about to send it, or is it for the asking one to send? */
export type Presence = boolean | 'coming';

export class Claims {
  /** What each session was told to be absent, and has not sent yet. */
  readonly #bySession = new Map<string, Set<string>>();

  /** For objects that the vault does not have. Sessions that are not open any more claim nothing. */
  claim(sessionId: string, refs: readonly ObjectRef[], isOpen: (sessionId: string) => boolean): ('coming' | false)[] {
    for (const id of this.#bySession.keys()) if (!isOpen(id)) this.#bySession.delete(id);
    const others = [...this.#bySession].filter(([id]) => id !== sessionId).map(([, claims]) => claims);
    const own = this.#bySession.get(sessionId) ?? new Set();
    this.#bySession.set(sessionId, own);
    return refs.map((ref) => {
      const key = refKey(ref);
      if (others.some((claims) => claims.has(key))) return 'coming';
      own.add(key);
      return false;
    });
  }

  /** They are in the vault now, whoever sent them. */
  arrived(refs: readonly ObjectRef[]): void {
    for (const ref of refs) {
      const key = refKey(ref);
      for (const claims of this.#bySession.values()) claims.delete(key);
    }
  }
}
