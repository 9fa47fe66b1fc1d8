// What an object answers about one point, or two: the same for a disk and a vault.

import { proveBlock } from '../../engine/proof.ts';
import type { PointName } from '../protocol.ts';
import { listChanges, pointState } from './changes.ts';
import { deltaResponse } from './delta.ts';
import { driveOver, type Points, pointOf, withPoints } from './points.ts';

type Open = (from: PointName, to: PointName) => Promise<Points>;

/** The answer to a request about points; null when it is about something else. */
export async function servePoints(request: Request, url: URL, open: Open): Promise<Response | null> {
  if (request.method !== 'GET') return null;
  const query = url.searchParams;
  switch (url.pathname) {
    case '/changes': {
      const names = pair(query);
      return withPoints(open(...names), async (points) => Response.json(await listChanges(points, names, query)));
    }
    case '/delta': {
      const names = pair(query);
      return deltaResponse(await open(...names), names, query);
    }
    case '/commitment':
      return withPoints(open(...pair(query)), async (points) => Response.json(pointState(points, points.to)));
    case '/proof':
      return withPoints(open(...pair(query)), async (points) => {
        const job = proveBlock(points.objects, points.host.kernel, points.to, Number(query.get('index')));
        return Response.json(await driveOver(points, job));
      });
    default:
      return null;
  }
}

function pair(query: URLSearchParams): [from: PointName, to: PointName] {
  return [pointOf(query, 'from'), pointOf(query, 'to')];
}
