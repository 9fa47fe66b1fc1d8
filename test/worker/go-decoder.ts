// Reads JSON as the Go client behind Terraform does: into structures with declared types. A number where text is declared,
// or the other way round, ends the call there; what is absent or null becomes the zero of its type; the rest is ignored.

import type { Json } from './api.ts';

export type GoType = 'string' | 'int' | 'bool' | 'time' | 'strings' | 'map[string]string' | 'any' | GoStruct | GoSlice;
export interface GoStruct {
  readonly [field: string]: GoType;
}
/** A slice of structures. */
export type GoSlice = readonly [GoStruct];

/** The client's layout "2006-01-02T15:04:05.999999": no zone. */
const NO_ZONE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?$/;

/** The value as the structure has it. Throws what the client would stumble over, with its place. */
export function goDecode(type: GoType, value: Json, place = '$'): Json {
  const isNothing = value === undefined || value === null;
  const check = (good: boolean) => {
    if (!good) throw new Error(`cannot decode ${place}: ${JSON.stringify(value)} is no ${JSON.stringify(type)}`);
  };
  if (typeof type !== 'string') return decodeComposite(type, value, place);
  if (isNothing) return ZERO[type]();
  if (type === 'string') check(typeof value === 'string');
  if (type === 'int') check(Number.isInteger(value));
  if (type === 'bool') check(typeof value === 'boolean');
  if (type === 'time') check(typeof value === 'string' && (value === '' || NO_ZONE.test(value)));
  if (type === 'strings') check(Array.isArray(value) && value.every((one) => typeof one === 'string'));
  if (type === 'map[string]string') {
    check(typeof value === 'object' && Object.values(value).every((one) => typeof one === 'string' || one === null));
  }
  return value;
}

const ZERO: Readonly<Record<Extract<GoType, string>, () => Json>> = {
  string: () => '',
  int: () => 0,
  bool: () => false,
  time: () => '',
  strings: () => [],
  'map[string]string': () => ({}),
  any: () => null,
};

function decodeComposite(type: GoStruct | GoSlice, value: Json, place: string): Json {
  if (Array.isArray(type)) {
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) throw new Error(`cannot decode ${place}: it is no list`);
    return value.map((one, index) => goDecode((type as GoSlice)[0], one, `${place}[${index}]`));
  }
  if (value !== undefined && value !== null && (typeof value !== 'object' || Array.isArray(value))) {
    throw new Error(`cannot decode ${place}: ${JSON.stringify(value)} is no object`);
  }
  const fields = Object.entries(type as GoStruct);
  return Object.fromEntries(fields.map(([name, field]) => [name, goDecode(field, value?.[name], `${place}.${name}`)]));
}
