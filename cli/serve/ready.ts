// A server is ready when its own health check says so.
import { setTimeout as sleep } from 'node:timers/promises';
import { LaunchError } from './errors.ts';

/** Resolves when GET /healthz answers 200; rejects with the last answer when it does not within the time. */
export async function waitUntilHealthy(url: string, timeoutMs = 15_000): Promise<void> {
  const deadlineMs = Date.now() + timeoutMs;
  let last = 'no answer';
  while (Date.now() < deadlineMs) {
    try {
      const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5000) });
      const body = await response.text();
      if (response.status === 200) return;
      last = `status ${response.status}: ${body.slice(0, 500)}`;
      // A broken bundle does not mend itself.
      if (response.status === 500) break;
    } catch (error) {
      last = String(error);
    }
    await sleep(50);
  }
  throw new LaunchError(`the server does not become healthy; ${url}/healthz says ${last}`);
}
