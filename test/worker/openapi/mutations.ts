// Bodies made wrong on purpose, out of a schema and a body that is right.

import type { Schema } from './document.ts';
import { validatorOf } from './document.ts';

export interface Mutation {
  readonly what: string;
  readonly body: unknown;
}

export interface Mutations {
  /** The schema forbids these. */
  readonly wrong: readonly Mutation[];
  /** The schema leaves these to the service, which may stumble over them. */
  readonly odd: readonly Mutation[];
}

export const LONG = 'x'.repeat(10_000);
export const UNICODE = 'диск-磁盘-💾-é\u0301-\u202e';
export const CONTROL = 'a\u0000b\u0001\r\n\u001b[31m\u007f\u2028';
/** Half of a character: valid in JSON, not in UTF-8. */
export const LONE = 'a\ud800b';

/** One of each kind of JSON, and what services have stumbled over. */
const VALUES: readonly (readonly [string, unknown])[] = [
  ['null', null],
  ['a boolean', true],
  ['a number', 7],
  ['a negative number', -1],
  ['a fraction', 1.5],
  ['a number beyond 2^53', 1e300],
  ['an empty text', ''],
  ['a text', 'x'],
  ['10,000 characters', LONG],
  ['Unicode', UNICODE],
  ['control characters', CONTROL],
  ['half a character', LONE],
  ['a list', [1, 'x', null]],
  ['an object', { x: 1 }],
  ['an object in an object', { a: { b: {} } }],
  ['__proto__', JSON.parse('{"__proto__":{"x":1},"constructor":"x"}')],
];

type Path = readonly (string | number)[];
type Container = Record<string | number, unknown>;

const MISSING = Symbol('missing');

/** A copy of the value with what is at the path replaced, or taken away. */
function put(root: unknown, path: Path, value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const copy = (Array.isArray(root) ? [...root] : { ...(root as object) }) as Container;
  if (rest.length === 0 && value === MISSING) delete copy[key];
  else copy[key] = put(copy[key] ?? {}, rest, value);
  return copy;
}

/** Values beyond the limits that a schema states. */
function beyond(schema: Schema): [string, unknown][] {
  const values: [string, unknown][] = [];
  const { minLength, maxLength, minimum, maximum, minItems, maxItems } = schema;
  if (minLength !== undefined && minLength > 0) values.push(['a text too short', 'x'.repeat(minLength - 1)]);
  if (maxLength !== undefined) values.push(['a text too long', 'x'.repeat(maxLength + 1)]);
  if (minimum !== undefined) values.push(['a number too small', minimum - 1]);
  if (maximum !== undefined) values.push(['a number too large', maximum + 1]);
  if (minItems !== undefined && minItems > 0) values.push(['too few', Array(minItems - 1).fill('x')]);
  if (maxItems !== undefined) values.push(['too many', Array(maxItems + 1).fill('x')]);
  return values;
}

/** The place of every value that the schema names, itself first. */
function places(schema: Schema, path: Path = []): [Path, Schema][] {
  const inner = Object.entries(schema.properties ?? {}).flatMap(([name, child]) => places(child, [...path, name]));
  const each = schema.items === undefined ? [] : places(schema.items, [...path, 0]);
  const map = typeof schema.additionalProperties === 'object' && schema.properties === undefined;
  const free = map ? places(schema.additionalProperties as Schema, [...path, 'key']) : [];
  const choices = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap((choice) => places(choice, path).slice(1));
  return [[path, schema], ...inner, ...each, ...free, ...choices];
}

/** What is sent although the schema allows it: what services have stumbled over. */
const HOSTILE = /10,000|Unicode|character|2\^53|__proto__|unknown|missing/;

/** Everything that can be wrong with a body, one thing at a time. */
export function mutationsOf(schema: Schema, valid: unknown): Mutations {
  const isValid = validatorOf(schema);
  if (!isValid(valid)) throw new Error(`the valid body does not meet its own schema: ${JSON.stringify(valid)}`);
  const wrong: Mutation[] = [];
  const odd: Mutation[] = [];
  const add = (what: string, path: Path, body: unknown) => {
    const mutation = { what: `${path.join('.') || 'the body'}: ${what}`, body };
    if (!isValid(body)) wrong.push(mutation);
    else if (HOSTILE.test(what)) odd.push(mutation);
  };
  for (const [path, child] of places(schema)) {
    for (const [what, value] of [...VALUES, ...beyond(child)]) add(what, path, put(valid, path, value));
    if (path.length > 0) add('missing', path, put(valid, path, MISSING));
    if (child.properties !== undefined) add('an unknown key', path, put(valid, [...path, 'unknown_key'], LONG));
  }
  return { wrong, odd };
}

const tooLarge = () => JSON.stringify({ x: 'x'.repeat(1024 * 1024) });

/** Bodies that are no JSON of a reasonable size, with the status of their refusal. */
export const BROKEN: readonly (readonly [string, () => Uint8Array, number])[] = [
  ['not UTF-8', () => new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), 400],
  ...(
    [
      ['no JSON', () => '{"a":', 400],
      ['XML', () => '<volume size="1"/>', 400],
      ['a form', () => 'size=1&name=x', 400],
      ['nothing', () => '', 400],
      ['white space', () => ' \n', 400],
      ['nested too deeply', () => '['.repeat(5000) + ']'.repeat(5000), 400],
      ['a key twice as deep', () => `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`, 400],
      ['too large', tooLarge, 413],
    ] as const
  ).map(([what, text, status]) => [what, () => new TextEncoder().encode(text()), status] as const),
];
