// What an object answers about two points: the same for a disk and a vault.

import type { PointName } from '../protocol.ts';
import { listChanges } from './changes.ts';
import { type Points, pointOf, withPoints } from './points.ts';

/** The answer to a request about two points; null when it is about something else. */
export async function servePoints(
  request: Request,
  url: URL,
  open: (from: PointName, to: PointName) => Promise<Points>,
): Promise<Response | null> {
  if (request.method !== 'GET' || url.pathname !== '/changes') return null;
  const query = url.searchParams;
  const names = [pointOf(query, 'from'), pointOf(query, 'to')] as const;
  return withPoints(open(...names), async (points) => Response.json(await listChanges(points, names, query)));
}
