// An operation is one HTTP call of the API: its path, its schemas and its handler in one value. Registering it makes the
// route and its entry in the OpenAPI document, so neither can exist without the other.

import { type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { loadConfig } from '../config.ts';
import type { Env } from '../env.ts';
import type { Caller } from '../project/contract.ts';
import { readJson } from './body.ts';
import { Endpoints } from './endpoints.ts';
import type { EnvelopeName } from './envelopes.ts';
import { badRequest, notFound, unwrap } from './errors.ts';
import { MICROVERSION_HEADER, parseMicroversion } from './microversion.ts';
import { askHolder, type Question } from './reach.ts';
import { authenticate, projectOf, type Session } from './session.ts';

/** Hono's types for this app. */
export interface AppEnv {
  Bindings: Env;
  Variables: { requestId: string; envelope: EnvelopeName | undefined; microversion: number | undefined };
}
export type App = OpenAPIHono<AppEnv>;

/** `none`: public. `token`: any valid token. `project`: a token of the project that the path names. */
export type Access = 'none' | 'token' | 'project';

/** Everything that a handler gets; `query` and `body` have passed their schemas. */
export interface Call<Q, B> {
  readonly c: Context<AppEnv>;
  readonly env: Env;
  readonly endpoints: Endpoints;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Q;
  readonly body: B;
  /** N of Cinder's 3.N. */
  readonly microversion: number;
  /** What the token says. Null for operations with access `none`. */
  readonly session: Session | null;
  /** The roles and names of the caller in its project; throws without a project-scoped token. */
  readonly caller: Caller;
  /**
   * Asks the caller's project; a refusal is thrown and becomes the answer.
   * @example const volume = await call.ask((project, caller) => project.getVolume(caller, id));
   */
  ask<T>(question: Question<T>): Promise<T>;
  /** The same; for an administrator, the project is whichever has the thing that is asked about. */
  find<T>(question: Question<T>): Promise<T>;
}

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

export interface OperationSpec<Q extends z.ZodType, B extends z.ZodType> {
  readonly summary: string;
  readonly access?: Access;
  readonly envelope?: EnvelopeName;
  /** First microversion that has it: to an earlier one, and where there are none, there is no such path. */
  readonly since?: number;
  readonly query?: Q;
  readonly body?: B;
  /** Vendor code by wrong field (`volume.size`); `*` for any other. */
  readonly codes?: Readonly<Record<string, string>>;
  /** Schema by status; null for an empty or binary body. */
  readonly answers: Readonly<Record<number, z.ZodType | null>>;
  readonly handle: (call: Call<z.output<Q>, z.output<B>>) => Response | Promise<Response>;
}

/** What the operations of one group have in common. */
export interface GroupDefaults {
  readonly tag: string;
  readonly envelope: EnvelopeName;
  readonly access: Access;
  /** True where Cinder's microversion header is read and answered. */
  readonly microversions?: boolean;
  /** Throws when the whole group is refused in this deployment. Asked before anything else. */
  readonly guard?: (env: Env) => void;
}

const ANY_QUERY = z.record(z.string(), z.string().optional());
const NO_BODY = z.unknown();

/**
 * Operations below one path prefix.
 * @example
 * new Routes(app, '/evs/v3/{project_id}', { tag: 'evs', envelope: 'openstack', access: 'project' })
 *   .get('/volumes/{volume_id}', { summary: 'Show a volume', answers: { 200: VolumeAnswer }, handle: show });
 */
export class Routes {
  readonly #app: App;
  readonly #prefix: string;
  readonly #defaults: GroupDefaults;

  constructor(app: App, prefix: string, defaults: GroupDefaults) {
    this.#app = app;
    this.#prefix = prefix;
    this.#defaults = defaults;
  }

  get<Q extends z.ZodType = typeof ANY_QUERY>(path: string, spec: OperationSpec<Q, typeof NO_BODY>): this {
    return this.add('get', path, spec);
  }
  post<Q extends z.ZodType = typeof ANY_QUERY, B extends z.ZodType = typeof NO_BODY>(
    path: string,
    spec: OperationSpec<Q, B>,
  ): this {
    return this.add('post', path, spec);
  }
  put<Q extends z.ZodType = typeof ANY_QUERY, B extends z.ZodType = typeof NO_BODY>(
    path: string,
    spec: OperationSpec<Q, B>,
  ): this {
    return this.add('put', path, spec);
  }
  patch<Q extends z.ZodType = typeof ANY_QUERY, B extends z.ZodType = typeof NO_BODY>(
    path: string,
    spec: OperationSpec<Q, B>,
  ): this {
    return this.add('patch', path, spec);
  }
  delete<Q extends z.ZodType = typeof ANY_QUERY>(path: string, spec: OperationSpec<Q, typeof NO_BODY>): this {
    return this.add('delete', path, spec);
  }

  /** Can a client of this group ask for what came with microversion 3.N? Without microversions all is 3.0. */
  reaches(since: number): boolean {
    return since === 0 || this.#defaults.microversions === true;
  }

  /** Registers the operation for routing and in the OpenAPI document, unless nobody could ever reach it. */
  add<Q extends z.ZodType, B extends z.ZodType>(method: Method, path: string, spec: OperationSpec<Q, B>): this {
    if (!this.reaches(spec.since ?? 0)) return this;
    const full = `${this.#prefix}${path}`;
    const defaults = this.#defaults;
    const access = spec.access ?? defaults.access;
    const envelope = spec.envelope ?? defaults.envelope;
    describe(this.#app, method, full, access, defaults, spec);
    this.#app.on(method.toUpperCase(), full.replaceAll(/\{(\w+)\}/g, ':$1'), async (c) => {
      c.set('envelope', envelope);
      defaults.guard?.(c.env);
      const microversion = defaults.microversions
        ? parseMicroversion(c.req.header(MICROVERSION_HEADER), loadConfig(c.env).microversionMax)
        : 0;
      if (defaults.microversions) c.set('microversion', microversion);
      const params = c.req.param() as Record<string, string>;
      const session =
        access === 'none' ? null : await authenticate(c, access === 'project' ? params.project_id! : null);
      if (microversion < (spec.since ?? 0)) {
        // A revoked token learns nothing, not even this.
        if (session?.caller) unwrap(await projectOf(session, c.env).stub.checkToken(session.caller));
        throw notFound('The resource could not be found.');
      }
      // Before the body is read: strangers cannot make the isolate parse megabytes.
      const query = spec.query === undefined ? c.req.query() : check(spec.query, c.req.query(), spec.codes);
      const body = spec.body === undefined ? undefined : check(spec.body, await readJson(c.req.raw), spec.codes);
      return await spec.handle({
        c,
        env: c.env,
        get endpoints() {
          return new Endpoints(new URL(c.req.url));
        },
        params,
        query: query as z.output<Q>,
        body: body as z.output<B>,
        microversion,
        session,
        get caller() {
          return projectOf(session).caller;
        },
        async ask(question) {
          const { caller, stub } = projectOf(session, c.env);
          return unwrap(await question(stub, caller));
        },
        find: (question) => askHolder(session, c.env, question),
      });
    });
    return this;
  }
}

/** Validates, and turns the first issue into an error that names the field. */
function check(schema: z.ZodType, value: unknown, codes: OperationSpec<z.ZodType, z.ZodType>['codes']): unknown {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const field = issue.path.join('.');
  const said = issue.message.replace(/^Invalid input: /, '');
  const message = field === '' ? `Invalid input: ${said}` : `Invalid input for field/attribute ${field}: ${said}`;
  throw badRequest(message.slice(0, 500), codes?.[field] ?? codes?.['*']);
}

function describe(
  app: App,
  method: Method,
  path: string,
  access: Access,
  defaults: GroupDefaults,
  spec: OperationSpec<z.ZodType, z.ZodType>,
): void {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
  const params = z.object(Object.fromEntries(names.map((name) => [name, z.string()])));
  const responses = Object.entries(spec.answers).map(([status, schema]) => [
    status,
    schema === null
      ? { description: 'No JSON body' }
      : { description: 'OK', content: { 'application/json': { schema } } },
  ]);
  app.openAPIRegistry.registerPath({
    method,
    path,
    summary: spec.summary,
    operationId: `${method}${path.replaceAll(/[^A-Za-z0-9]+/g, '_')}`,
    tags: [defaults.tag],
    ...(access === 'none' ? {} : { security: [{ token: [] }] }),
    request: {
      ...(names.length > 0 ? { params } : {}),
      ...(spec.query instanceof z.ZodObject ? { query: spec.query } : {}),
      ...(spec.body === undefined ? {} : { body: { content: { 'application/json': { schema: spec.body } } } }),
    },
    responses: Object.fromEntries(responses),
  });
}

/** A JSON answer. */
export function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return Response.json(body, { status, headers });
}

/** An answer without a body that still carries a content type: an SDK of the vendor crashes on one without. */
export function empty(status: number): Response {
  return new Response(null, { status, headers: { 'Content-Type': 'application/json' } });
}
