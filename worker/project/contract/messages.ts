// What went wrong after an answer had gone out.

import type { ListQuery } from './common.ts';

export interface Message {
  readonly id: string;
  /** `VOLUME_VOLUME_001_002`, as Cinder names events: resource, action, detail. */
  readonly eventId: string;
  readonly resourceType: string;
  readonly resourceId: string;
  readonly requestId: string | null;
  readonly text: string;
  readonly createdMs: number;
  /** When it goes. */
  readonly expiresMs: number;
}

export interface MessageQuery extends ListQuery {
  readonly resourceType?: string | undefined;
  readonly resourceId?: string | undefined;
  readonly eventId?: string | undefined;
}
