// Words for tests of the Cinder form over the real objects: three users, and requests at a microversion.

import { expect } from 'vitest';
import { Api, type Json } from './api.ts';

/** 64 KiB of bytes that nobody else writes. */
export function pattern(seed: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(65_536).map((_, index) => (index * 31 + seed * 17) & 0xff);
}

export interface Users {
  readonly demo: Api;
  readonly other: Api;
  readonly admin: Api;
}

export async function users(): Promise<Users> {
  const [demo, other, admin] = await Promise.all(['demo1', 'demo2', 'admin'].map((name) => Api.login(name)));
  return { demo: demo!, other: other!, admin: admin! };
}

/** Status and JSON of a request at 3.N; null for an empty body. */
export async function at(
  minor: number,
  api: Api,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: Json }> {
  const headers = { 'OpenStack-API-Version': `volume 3.${minor}` };
  const response = await api.send(method, `/evs/v3/{p}${path}`, body, headers);
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : JSON.parse(text) };
}

/** The JSON of a request at the highest version, which must have this status. */
export async function must(status: number, api: Api, method: string, path: string, body?: unknown): Promise<Json> {
  const answer = await at(70, api, method, path, body);
  expect([answer.status, answer.body]).toEqual([status, answer.body]);
  return answer.body;
}

/** A volume type that nothing uses yet. */
export async function newType(admin: Api, fields: Readonly<Record<string, unknown>> = {}): Promise<Json> {
  const body = { volume_type: { name: `type-${crypto.randomUUID()}`, ...fields } };
  return (await must(200, admin, 'POST', '/types', body)).volume_type;
}
