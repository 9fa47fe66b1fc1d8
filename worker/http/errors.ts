// The errors of the HTTP layer. Which JSON they become is decided by the envelope of the route (envelopes.ts).

import type { Fault, Outcome } from '../faults.ts';

/** Parts of an error besides its status and message. */
export interface ApiErrorParts {
  /** Vendor code, such as `EVS.1046`; each envelope has a default for every status. */
  readonly code?: string | undefined;
  /** Further members of the body, such as the damaged ranges of a read. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A refusal that a client is told about. Thrown by handlers and middleware; anything else thrown is a 500. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, parts: ApiErrorParts = {}) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = parts.code;
    this.details = parts.details ?? {};
    this.headers = parts.headers ?? {};
  }
}

/** 400: the request itself is wrong. */
export function badRequest(message: string, code?: string): ApiError {
  return new ApiError(400, message, { code });
}

/** 404, also for what belongs to somebody else: a stranger must not learn that it exists. */
export function notFound(message: string, code?: string): ApiError {
  return new ApiError(404, message, { code });
}

/** 501: the real service has this operation, this one does not yet. */
export function notImplemented(what: string): ApiError {
  return new ApiError(501, `${what} is not implemented by edge-evs; see docs/compatibility.md`);
}

/** A refusal of the control plane on its way to a client; its status and code depend on the envelope. */
export class FaultError extends Error {
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(fault.message);
    this.name = 'FaultError';
    this.fault = fault;
  }
}

/** The value of an outcome; a refusal is thrown. */
export function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw new FaultError(outcome.fault);
}
