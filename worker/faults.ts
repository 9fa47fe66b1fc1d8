// Every way in which the service says no. RPC does not keep error classes, so a refusal is plain data: a stable code, the
// finished sentence, and what it was about. Which HTTP status and vendor code it becomes depends on the face that asked.

import { ACCOUNT_FAULTS } from './faults/accounts.ts';
import { BACKUP_FAULTS } from './faults/backups.ts';
import { DISK_FAULTS } from './faults/disks.ts';
import { type Face, type FaultForm, GENERAL_CODE } from './faults/form.ts';
import { POLICY_FAULTS } from './faults/policies.ts';
import { QUOTA_FAULTS } from './faults/quotas.ts';
import { REQUEST_FAULTS } from './faults/requests.ts';
import { SETTINGS_FAULTS } from './faults/settings.ts';
import { UNKNOWN_ID_FAULTS } from './faults/unknown-ids.ts';

export type { Face } from './faults/form.ts';

/** The closed set. Codes are ours and stable; vendor codes are from the published tables. */
export const FAULTS = {
  ...REQUEST_FAULTS,
  ...UNKNOWN_ID_FAULTS,
  ...QUOTA_FAULTS,
  ...DISK_FAULTS,
  ...BACKUP_FAULTS,
  ...POLICY_FAULTS,
  ...SETTINGS_FAULTS,
  ...ACCOUNT_FAULTS,
} as const satisfies Record<string, FaultForm>;

export type FaultCode = keyof typeof FAULTS;

export type FaultDetail = Readonly<Record<string, string | number>>;

/** A refusal as data. */
export interface Fault {
  readonly code: FaultCode;
  readonly message: string;
  readonly detail?: FaultDetail;
}

/** What every control-plane method answers. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: Fault };

export const ok = <T>(value: T): Outcome<T> => ({ ok: true, value });

/**
 * A fault with its sentence filled in.
 * @example fault('volume-not-found', { id })
 */
export function fault(code: FaultCode, detail: FaultDetail = {}): Fault {
  const message = FAULTS[code].message.replace(/\{(\w+)\}/g, (_, name: string) => String(detail[name] ?? '?'));
  return { code, message, detail };
}

/** The refusing half of an Outcome. */
export function refuse(code: FaultCode, detail: FaultDetail = {}): { readonly ok: false; readonly fault: Fault } {
  return { ok: false, fault: fault(code, detail) };
}

/** A fault as one face shows it. `vendorCode` is empty in the Cinder form, which has none. */
export interface RenderedFault {
  readonly status: number;
  readonly vendorCode: string;
  readonly message: string;
}

/** HTTP status, vendor code and sentence of a fault on a face. Unknown codes (a newer object answered) become 500. */
export function renderFault(refusal: Fault, face: Face): RenderedFault {
  const known: FaultForm = FAULTS[refusal.code] ?? FAULTS.internal;
  const shown = known[face];
  const status = shown?.status ?? known.status;
  return { status, vendorCode: shown?.code ?? GENERAL_CODE[face](status), message: refusal.message };
}

/** Thrown inside the control plane to leave a transaction with nothing changed; never crosses RPC. */
export class Refusal extends Error {
  readonly fault: Fault;
  constructor(code: FaultCode, detail: FaultDetail = {}) {
    const said = fault(code, detail);
    super(said.message);
    this.fault = said;
  }
}
