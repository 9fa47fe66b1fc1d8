// The request that opens a connection, between the data service and the object: everything is in its address.

import { EngineError } from '../../engine/errors.ts';
import type { Connecting } from './sockets.ts';

/** Query of the object's `/nbd`, beside the point that every request about bytes names. */
export function connectingQuery({ mode, sessionId, connectionId, leave, attachmentId }: Omit<Connecting, 'point'>) {
  const query = { mode, session: sessionId, connection: connectionId, leave: JSON.stringify(leave) };
  return attachmentId === null ? query : { ...query, attachment: attachmentId };
}

/** The same, read. Throws EngineError `invalid` for what the data service does not send. */
export function readConnecting({ searchParams: query }: URL): Connecting {
  const point = query.get('point') ?? query.get('backup');
  const [mode, session, connection, leave] = ['mode', 'session', 'connection', 'leave'].map((name) => query.get(name));
  if (!point || !mode || !session || !connection || !leave)
    throw new EngineError('invalid', 'who connects is not said');
  return {
    point,
    mode: mode === 'rw' ? 'rw' : 'ro',
    sessionId: session,
    connectionId: connection,
    leave: JSON.parse(leave),
    attachmentId: query.get('attachment'),
  };
}
