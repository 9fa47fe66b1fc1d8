// Pieces of request schemas. Clients of every generation send explicit nulls, booleans as text and numbers as text.

import { z } from '@hono/zod-openapi';

/** Text, null or absent; null reads as absent. */
export const optionalText = z
  .string()
  .nullish()
  .transform((value) => value ?? undefined);

/** Text where null has a meaning of its own (it clears a description). */
export const clearableText = z.string().nullish();

const TRUE = ['true', 't', 'yes', 'y', 'on', '1'];
const FALSE = ['false', 'f', 'no', 'n', 'off', '0'];

/** true, "True", "1", 1 and their opposites; as strict as OpenStack about anything else. */
export const flag = z
  .union([z.boolean(), z.string(), z.number()])
  .refine((value) => [...TRUE, ...FALSE].includes(String(value).toLowerCase()), 'not a boolean')
  .transform((value) => TRUE.includes(String(value).toLowerCase()));

export const optionalFlag = flag.nullish().transform((value) => value ?? undefined);

/** A whole number, also as text. Range and meaning are the project's business. */
export const whole = z
  .union([z.number().int(), z.string().regex(/^\d{1,15}$/, 'not a whole number')])
  .transform((value) => Number(value));

/** A size as the vendor takes it: decimals are cut off. */
export const truncatedNumber = z.number().transform((value) => Math.trunc(value));

/** Metadata and tags: strings only; null reads as absent. */
export const stringMap = z.record(z.string(), z.string());
export const optionalStringMap = stringMap.nullish().transform((value) => value ?? undefined);

/** A value that is taken and not looked at. */
export const ignored = z.unknown().optional();

/** Boolean in a query (`?cascade=True`); absent or anything else is false. */
export function queryFlag(value: string | undefined): boolean {
  return value !== undefined && TRUE.includes(value.toLowerCase());
}

/** Python dictionaries in queries, `{'key': 'value'}`, as the OpenStack clients send metadata filters; undefined when
 * it is none. */
export function queryDictionary(value: string | undefined): Record<string, string> | undefined {
  if (!value) return undefined;
  try {
    const text = value.replaceAll(/u?'((?:[^'\\]|\\.)*)'/g, (_, inner: string) => JSON.stringify(inner));
    return stringMap.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
