// A client that takes exactly the statuses that Terraform's takes, and decodes as it does.

import type { Json } from './api.ts';
import { type GoType, goDecode } from './go-decoder.ts';
import type { Tenant } from './openapi/tenant.ts';

/** Statuses that count as success where a call names none. */
const ACCEPTED: Readonly<Record<string, readonly number[]>> = {
  GET: [200],
  POST: [201, 202],
  PUT: [201, 202],
  DELETE: [202, 204],
};

export class TerraformClient {
  readonly #tenant: Tenant;

  constructor(tenant: Tenant) {
    this.#tenant = tenant;
  }

  get projectId(): string {
    return this.#tenant.api.projectId;
  }

  /** One call; `label` is the member of the answer that is decoded, '' the whole. `ok`: statuses that the call names. */
  async call(
    method: string,
    path: string,
    options: { body?: unknown; ok?: readonly number[]; label?: string; as?: GoType } = {},
  ): Promise<Json> {
    const { status, text } = await this.#tenant.api.answer(method, path, options.body);
    const accepted = options.ok ?? ACCEPTED[method]!;
    if (!accepted.includes(status)) throw new Error(`${method} ${path}: ${status} is none of ${accepted}: ${text}`);
    if (options.as === undefined) return null;
    const body = JSON.parse(text) as Json;
    return goDecode(options.as, options.label ? body[options.label] : body, options.label ?? '$');
  }

  /** A call that fails because there is nothing any more: how Terraform learns that a resource is gone. */
  async isGone(path: string): Promise<boolean> {
    return (await this.#tenant.api.answer('GET', path)).status === 404;
  }

  /** A tag helper's two calls: what is no longer wanted goes first. */
  async updateTags(path: string, before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>) {
    const list = (tags: Readonly<Record<string, string>>) =>
      Object.entries(tags).map(([key, value]) => ({ key, value }));
    const act = (action: string, tags: Readonly<Record<string, string>>) =>
      this.call('POST', `${path}/tags/action`, { body: { action, tags: list(tags) }, ok: [200, 204] });
    await act('delete', before);
    await act('create', after);
  }
}
