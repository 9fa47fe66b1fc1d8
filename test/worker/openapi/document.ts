// The operations of the OpenAPI document, as the tests that walk it need them: one for each call, and one for each verb of
// a call that takes several (`POST …/action`).

import { z } from 'zod';
import { createApp } from '../../../worker/app.ts';
import { openApiDocument } from '../../../worker/services/system/openapi.ts';

/** As much of JSON Schema as the document uses. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

export interface Operation {
  /** Method, path and, where there are several, verb: the name of the test. */
  readonly title: string;
  /** Where the table of requests has it: versions that share their operations share an entry. */
  readonly key: string;
  readonly method: string;
  readonly path: string;
  readonly service: string;
  /** False: anybody may call it. */
  readonly needsToken: boolean;
  readonly params: readonly string[];
  readonly queryNames: readonly string[];
  /** Null without a JSON body. */
  readonly body: Schema | null;
  /** Schema by documented status; null for none. */
  readonly answers: Readonly<Record<number, Schema | null>>;
}

interface Content {
  readonly content?: { readonly 'application/json'?: { readonly schema: Schema } };
}
interface Entry {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
  readonly security?: unknown;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Entry>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

/** The schema with every reference replaced by what it names. */
function inlined(schema: unknown, schemas: Readonly<Record<string, unknown>>): unknown {
  if (Array.isArray(schema)) return schema.map((each) => inlined(each, schemas));
  if (typeof schema !== 'object' || schema === null) return schema;
  const { $ref } = schema as { $ref?: string };
  if ($ref !== undefined) return inlined(schemas[$ref.split('/').at(-1)!], schemas);
  return Object.fromEntries(Object.entries(schema).map(([name, child]) => [name, inlined(child, schemas)]));
}

/** `/evs/v2` and `/evs/v3` are one service, and so are the backups below it and below `/vbs`. */
function sharedPath(path: string): string {
  return path
    .replace(/^\/(evs|vbs)\/v[\d.]+(\/\{project_id\}\/backups)/, '/evs/*$2')
    .replace(/^\/(\w+)\/v[\d.]+\/\{project_id\}/, '/$1/*')
    .replace('/{project_id}', '')
    .replace(/(?<=.)\/$/, '');
}

/** One schema for each verb, when the body is a choice of verbs; null when it is not. */
function verbsOf(path: string, body: Schema | null): readonly [string, Schema][] | null {
  const verbs = Object.entries(body?.properties ?? {}).filter(([name]) => name !== 'bssParam');
  if (!path.endsWith('/action') || body?.required !== undefined || verbs.length === 0) return null;
  return verbs.map(([verb, schema]) => [verb, { type: 'object', properties: { [verb]: schema }, required: [verb] }]);
}

function operationsOf(document: Document): Operation[] {
  const { schemas } = document.components;
  const jsonOf = (content: Content | undefined) => {
    const schema = content?.content?.['application/json']?.schema;
    return schema === undefined ? null : (inlined(schema, schemas) as Schema);
  };
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, entry]) => {
      const body = jsonOf(entry.requestBody);
      const title = `${method.toUpperCase()} ${path}`;
      const operation: Operation = {
        title,
        key: `${method.toUpperCase()} ${sharedPath(path)}`,
        method: method.toUpperCase(),
        path,
        service: path.split('/')[1]!,
        needsToken: entry.security !== undefined,
        params: [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!),
        queryNames: (entry.parameters ?? []).filter((each) => each.in === 'query').map((each) => each.name),
        body,
        answers: Object.fromEntries(
          Object.entries(entry.responses).map(([status, answer]) => [Number(status), jsonOf(answer)]),
        ),
      };
      const verbs = verbsOf(path, body);
      if (verbs === null) return [operation];
      return verbs.map(([verb, schema]) => ({
        ...operation,
        title: `${title} ${verb}`,
        key: `${operation.key} ${verb}`,
        body: schema,
      }));
    }),
  );
}

/** All operations of the service, in the order of the document. */
export const OPERATIONS: readonly Operation[] = operationsOf(
  openApiDocument(createApp(), 'http://edge.test', 'test') as unknown as Document,
);

/** One operation of each key: versions that share their operations share their handlers too. */
export const DISTINCT: readonly Operation[] = OPERATIONS.filter(
  (each, at) => OPERATIONS.findIndex((other) => other.key === each.key) === at,
);

/** Rows of a table of tests. */
export const named = (operations: readonly Operation[]) => operations.map((each) => [each.title, each] as const);

/** A validator made from the document, as a client would make one. */
export function validatorOf(schema: Schema): (value: unknown) => boolean {
  const validator = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
  return (value) => validator.safeParse(value).success;
}
