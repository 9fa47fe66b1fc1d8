// An operation made ready to be called: everything that its valid request needs exists.

import { expect } from 'vitest';
import type { Operation } from './document.ts';
import { errorForm } from './forms.ts';
import { REQUESTS, type Request } from './requests.ts';
import { NEWEST, Tenant } from './tenant.ts';

export interface Prepared {
  readonly operation: Operation;
  readonly tenant: Tenant;
  readonly request: Request;
  /** The path with everything filled in, and the query. */
  readonly target: string;
}

/** What is sent instead of the valid request; `ids` and `query` as in Request. */
export type Change = Partial<Request> & { readonly projectId?: string };

/** The path of an operation for these values of its parameters. */
function targetOf(operation: Operation, projectId: string, { ids = [], query = '' }: Request): string {
  const rest = [...ids];
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    name === 'project_id' ? projectId : encodeURIComponent(rest.shift() ?? 'missing'),
  );
  return path + query;
}

/** Makes what the operation needs: in a project of its own, or in the one where nothing is changed. */
export async function prepare(operation: Operation, where: 'fresh' | 'shared' = 'fresh'): Promise<Prepared> {
  const entry = REQUESTS[operation.key];
  if (entry === undefined) throw new Error(`test/worker/openapi/requests has no ${operation.key}`);
  const { roles, make } = typeof entry === 'function' ? { roles: ['member'], make: entry } : entry;
  const tenant = await Tenant[where](roles);
  const request = await make(tenant);
  return { operation, tenant, request, target: targetOf(operation, tenant.api.projectId, request) };
}

/** Sends the prepared request, changed. */
export async function call(prepared: Prepared, change: Change = {}, by = prepared.tenant): Promise<Response> {
  const { operation, tenant } = prepared;
  const { projectId = tenant.api.projectId, ...rest } = change;
  const request = { ...prepared.request, ...rest };
  const headers = { ...NEWEST, ...request.headers };
  return await by.api.send(operation.method, targetOf(operation, projectId, request), request.body, headers);
}

/** Runs it, and fails when the owner's world has changed. What only reads is believed: looking at everything costs time. */
export async function unchanged<T>(owner: Prepared, run: () => Promise<T>): Promise<T> {
  if (owner.operation.method === 'GET') return await run();
  const before = await owner.tenant.state();
  const result = await run();
  expect(await owner.tenant.state()).toBe(before);
  return result;
}

/** Fails unless the answer is a refusal in the form of its service; its text. */
export async function expectRefusal(response: Response, operation: Operation, what: string): Promise<string> {
  const text = await response.text();
  expect(response.status, `${what}: ${text}`).toBeGreaterThanOrEqual(400);
  expectForm(response, operation, text, what);
  return text;
}

/** Fails when the answer is a defect, or a refusal in the form of another service. */
export async function expectNoDefect(response: Response, operation: Operation, what: string): Promise<void> {
  const text = await response.text();
  if (response.status >= 400) expectForm(response, operation, text, what);
}

function expectForm(response: Response, operation: Operation, text: string, what: string): void {
  // 501 is the service's word for what it does not do; any other from 500 on is a defect.
  expect(response.status >= 500 && response.status !== 501, `${what}: ${response.status} ${text}`).toBe(false);
  expect(response.headers.get('Content-Type'), what).toMatch(/^application\/json/);
  const form = errorForm(operation.path, response.status).safeParse(JSON.parse(text));
  expect(form.success, `${what}: ${response.status} ${text}`).toBe(true);
}
