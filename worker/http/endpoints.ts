// Addresses. A service is reached by path prefix (http://host/evs/…) and, on a real domain, by host name
// (https://evs.example.com/…). Both lead to the same routes, and links go out in the form that the request came in.

import { getPath } from 'hono/utils/url';

/** Path prefix and host label of each service. */
export const SERVICE_NAMES = ['iam', 'evs', 'vbs', 'cbr', 'ecs', 'ims', 'data', 'sim'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

function serviceOf(label: string | undefined): ServiceName | null {
  return SERVICE_NAMES.find((name) => name === label) ?? null;
}

/** Pages of the deployment itself, the same on every host. */
const SYSTEM_PAGES = new Set(['healthz', 'metrics', 'openapi.json', 'docs']);

/** The service that the host name selects, unless the path already names one. */
function hostService(url: URL): ServiceName | null {
  const first = url.pathname.split('/')[1] ?? '';
  return serviceOf(first) === null && !SYSTEM_PAGES.has(first) ? serviceOf(url.hostname.split('.')[0]) : null;
}

/** The path to route by: `https://evs.example.com/v3/…` becomes `/evs/v3/…`. */
export function routingPath(request: Request): string {
  const path = getPath(request);
  // Cheap test first: nearly every request comes to one host with a prefix.
  if (!/^https?:\/\/[a-z]{3,4}\./.test(request.url)) return path;
  const service = hostService(new URL(request.url));
  return service === null ? path : `/${service}${path}`;
}

/** Makes absolute URLs in the form of one request. */
export class Endpoints {
  readonly #url: URL;
  readonly #byHost: boolean;

  constructor(url: URL) {
    this.#url = url;
    this.#byHost = hostService(url) !== null;
  }

  /** Root of a service without a trailing slash: `http://127.0.0.1:8787/evs` or `https://evs.example.com`. */
  of(service: ServiceName): string {
    if (!this.#byHost) return `${this.#url.origin}/${service}`;
    const domain = this.#url.host.slice(this.#url.host.indexOf('.') + 1);
    return `${this.#url.protocol}//${service}.${domain}`;
  }

  /** The URL of this request with other query values; null removes one. */
  self(changes: Readonly<Record<string, string | null>>): string {
    const url = new URL(this.#url);
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) url.searchParams.delete(key);
      else url.searchParams.set(key, value);
    }
    return url.toString();
  }
}
