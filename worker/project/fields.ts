// Checks of what clients may write into names, descriptions, metadata and tags. Bytes, not characters: that is how the
// vendor counts.

import { Refusal } from '../faults.ts';
import type { MetadataChange, UpdateDetails } from './contract.ts';
import {
  DESCRIPTION_BYTES_MAX,
  METADATA_BYTES_MAX,
  METADATA_TOTAL_BYTES_MAX,
  NAME_BYTES_MAX,
  TAGS_MAX,
} from './limits.ts';

const UTF8 = new TextEncoder();

/** Refused in keys, as in Cinder; names may hold them, there as here. */
const CONTROL = /\p{Cc}/u;

/** What Cinder calls not printable. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u;

/** Length in UTF-8. */
export function byteLength(text: string): number {
  return UTF8.encode(text).byteLength;
}

/** Free-form input that is kept as it came. Refused when it is large: a list holds many of them. */
export function checkSize<T>(what: string, value: T, bytesMax: number): T {
  if (byteLength(JSON.stringify(value) ?? '') <= bytesMax) return value;
  throw new Refusal('invalid-request', { reason: `${what}: at most ${bytesMax} bytes of JSON` });
}

export function checkName(name: string, bytesMax = NAME_BYTES_MAX): string {
  if (byteLength(name) > bytesMax) throw new Refusal('invalid-name', { max: bytesMax });
  return name;
}

export function checkDescription(description: string | null): string | null {
  if (description !== null && byteLength(description) > DESCRIPTION_BYTES_MAX) throw new Refusal('invalid-description');
  return description;
}

/** The same for the description of a type, where Cinder wants one printable line. */
export function checkPrintable(description: string | null): string | null {
  if (description !== null && UNPRINTABLE.test(description)) {
    throw new Refusal('invalid-request', { reason: 'Invalid description: it has characters that cannot be printed.' });
  }
  return checkDescription(description);
}

type Pairs = Readonly<Record<string, string>>;

export function checkMetadata(metadata: Pairs): Pairs {
  const text = Object.entries(metadata).flat().join('');
  if (byteLength(text) > METADATA_TOTAL_BYTES_MAX) {
    throw new Refusal('invalid-metadata', { reason: `at most ${METADATA_TOTAL_BYTES_MAX} bytes in all` });
  }
  for (const [key, value] of Object.entries(metadata)) {
    if (key === '' || byteLength(key) > METADATA_BYTES_MAX || CONTROL.test(key)) {
      const reason = `keys have 1 to ${METADATA_BYTES_MAX} bytes and no control characters`;
      throw new Refusal('invalid-metadata', { reason });
    }
    if (typeof value !== 'string' || byteLength(value) > METADATA_BYTES_MAX) {
      throw new Refusal('invalid-metadata', { reason: `values are texts of at most ${METADATA_BYTES_MAX} bytes` });
    }
  }
  return metadata;
}

export function checkTags(tags: Pairs): Pairs {
  const pairs = Object.entries(tags);
  if (pairs.length > TAGS_MAX) throw new Refusal('invalid-tags', { reason: `at most ${TAGS_MAX}` });
  for (const [key, value] of pairs) {
    if (!/^[\w-]{1,36}$/.test(key))
      throw new Refusal('invalid-tags', { reason: 'keys have 1 to 36 of A-Z a-z 0-9 _ -' });
    if (typeof value !== 'string' || !/^[\w-]{0,43}$/.test(value)) {
      throw new Refusal('invalid-tags', { reason: 'values have up to 43 of A-Z a-z 0-9 _ -' });
    }
  }
  return tags;
}

interface Details {
  readonly name: string;
  readonly description: string | null;
  readonly metadata: Pairs;
}

/** Name, description and metadata after a change; what is not given stays. */
export function changedDetails(have: Details, input: UpdateDetails): Details {
  const { name, description, metadata } = input;
  if (name === undefined && description === undefined && metadata === undefined) throw new Refusal('nothing-to-update');
  return {
    name: name === undefined ? have.name : checkName(name ?? ''),
    description: description === undefined ? have.description : checkDescription(description),
    metadata: metadata === undefined ? have.metadata : checkMetadata(metadata),
  };
}

/** The pairs after a change. */
export function changedPairs(have: Pairs, change: MetadataChange): Pairs {
  const next: Record<string, string> = change.mode === 'replace' ? {} : { ...have };
  for (const key of change.remove ?? []) {
    if (!Object.hasOwn(next, key)) throw new Refusal('metadata-not-found', { key });
    delete next[key];
  }
  return { ...next, ...change.set };
}
