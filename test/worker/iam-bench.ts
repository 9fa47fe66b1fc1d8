// The HTTP application over the real Identity and Project: what tests of the identity service send, and who sends it.

import { createExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect } from 'vitest';
import { createApp } from '../../worker/app.ts';
import type { Env } from '../../worker/env.ts';
import { ACCOUNTS, type FakesEnv, SECRET } from './fakes/control-plane.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers without declaring them
export type Json = any;

const fakes = env as unknown as FakesEnv;
const settings = {
  PROJECT: fakes.PROJECT_ON_FAKES,
  IDENTITY: fakes.IDENTITY_ON_FAKES,
  EVS_SECRET: SECRET,
  EVS_SIMULATION: 'true',
  EVS_ACCOUNTS: JSON.stringify(ACCOUNTS),
} as unknown as Env;

const app = createApp();
const ORIGIN = 'http://edge.test';
export const ROOT = '/iam/v3';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Null without a body. */
  readonly body: Json;
}

export interface User {
  readonly name: string;
  readonly password: string;
}

/** The accounts of control-plane.ts: one of each kind. */
export const ROOT_USER: User = { name: 'root', password: 'hidden' };
export const DEMO1: User = { name: 'demo1', password: 'secret' };

const byPassword = ({ name, password }: User) => ({
  methods: ['password'],
  password: { user: { name, domain: { id: 'default' }, password } },
});

/** A request below /iam/v3 unless the path says otherwise; a body that is a text goes out as it is. */
export async function send(method: string, path: string, token: string | null, body?: unknown): Promise<Answer> {
  return await request(method, path, token === null ? {} : { 'X-Auth-Token': token }, body);
}

export async function request(
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: unknown,
): Promise<Answer> {
  const url = path.startsWith('/evs/') || path.startsWith('/openapi') ? `${ORIGIN}${path}` : `${ORIGIN}${ROOT}${path}`;
  const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
  const response = await app.fetch(new Request(url, { method, headers, ...sent }), settings, createExecutionContext());
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
}

/** The body of a request that has to be answered with this status. */
export async function ask(status: number, method: string, path: string, token: string, body?: unknown): Promise<Json> {
  const answer = await send(method, path, token, body);
  expect(answer.status, `${method} ${path}: ${JSON.stringify(answer.body)}`).toBe(status);
  if (status >= 400) expect(answer.body.error).toMatchObject({ code: status, title: expect.any(String) });
  return status >= 400 ? answer.body.error.message : answer.body;
}

/** Logs in; the answer as it is. */
export async function login(identity: User | string, scope?: unknown, query = ''): Promise<Answer> {
  const how = typeof identity === 'string' ? { methods: ['token'], token: { id: identity } } : byPassword(identity);
  const auth = { identity: how, ...(scope === undefined ? {} : { scope }) };
  return await request('POST', `/auth/tokens${query}`, {}, { auth });
}

/** The token of a login that has to succeed; without a project's id or name, an unscoped one. */
export async function tokenOf(identity: User | string, project?: { id?: string; name?: string }): Promise<string> {
  const named = project?.name === undefined ? project : { ...project, domain: { id: 'default' } };
  const { status, headers, body } = await login(identity, project === undefined ? undefined : { project: named });
  expect(status, JSON.stringify(body)).toBe(201);
  return headers.get('X-Subject-Token')!;
}

/** Of an administrator. */
export const rootToken = () => tokenOf(ROOT_USER, { name: 'demo1' });

let made = 0;

/** A name that no other test uses. */
export const uniqueName = (kind: string): string => `${kind}-${++made}-${crypto.randomUUID().slice(0, 8)}`;

export interface Tenant {
  readonly user: User & { readonly id: string };
  readonly project: { readonly id: string; readonly name: string };
  /** Scoped to the project. */
  readonly token: string;
}

/** A new project with a new user in it. */
export async function newTenant(root: string, role = 'member'): Promise<Tenant> {
  const project = (await ask(201, 'POST', '/projects', root, { project: { name: uniqueName('project') } })).project;
  const credentials = { name: uniqueName('user'), password: 'first' };
  const { id } = (await ask(201, 'POST', '/users', root, { user: credentials })).user;
  await ask(204, 'PUT', `/projects/${project.id}/users/${id}/roles/${role}`, root);
  const user = { ...credentials, id };
  return { user, project, token: await tokenOf(user, { id: project.id }) };
}
