// /openapi.json, generated from the operations themselves, and /docs, a plain list of them.

import type { App } from '../../http/operation.ts';
import { escapeHtml, page } from './landing.ts';

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
}

export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** The document of an app for one origin. */
export function openApiDocument(app: App, origin: string, version: string): OpenApiDocument {
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'edge-evs',
      version,
      description:
        'Virtual disks, snapshots and backups. Log in at POST /iam/v3/auth/tokens; the token is in the header X-Subject-Token.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    servers: [{ url: origin }],
  });
  return document as unknown as OpenApiDocument;
}

/** All operations as one table. */
export function docsPage(document: OpenApiDocument): string {
  const rows = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const cells = rows.map(
    ({ path, method, operation }) =>
      `<tr><td>${escapeHtml(operation.tags?.join(' ') ?? '')}</td><td><code>${method.toUpperCase()}</code></td>` +
      `<td><code>${escapeHtml(path)}</code></td><td>${escapeHtml(operation.summary ?? '')}</td></tr>`,
  );
  return page(
    'edge-evs: operations',
    `<h1>Operations</h1>
<p>${rows.length} operations. Schemas: <a href="/openapi.json">/openapi.json</a>. What is not here answers 501 in its
service's error form.</p>
<table><tr><th>service</th><th></th><th>path</th><th></th></tr>${cells.join('\n')}</table>`,
  );
}
