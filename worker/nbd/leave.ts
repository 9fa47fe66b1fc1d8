// Leave to go on: a connection outlives the grant that it was made with, so the Project is asked again whenever 30 s have
// passed and something is asked of the connection. A token that was revoked is so refused within that time.

import type { Env } from '../env.ts';
import type { Caller, DataTarget, ProjectRpc } from '../project/contract.ts';

export interface Leave {
  readonly caller: Caller;
  readonly target: DataTarget;
  readonly right: 'read' | 'write';
  /** Ask again after this; real time. */
  readonly untilMs: number;
  /** The token ends then, whatever the Project says. */
  readonly tokenUntilMs: number;
}

/** The connection's leave was taken back. */
export class LeaveError extends Error {
  override readonly name = 'LeaveError';
}

/** The same leave for another 30 s. Throws LeaveError with the Project's reason. */
export async function renewLeave(env: Env, leave: Leave): Promise<Leave> {
  if (leave.tokenUntilMs <= Date.now()) throw new LeaveError('the token has expired: log in again');
  const stub = env.PROJECT.get(env.PROJECT.idFromName(leave.caller.projectId)) as unknown as ProjectRpc;
  const outcome = await stub.grant(leave.caller, leave.target, leave.right);
  if (!outcome.ok) throw new LeaveError(outcome.fault.message);
  return { ...leave, untilMs: Math.min(outcome.value.expiresMs, leave.tokenUntilMs) };
}
