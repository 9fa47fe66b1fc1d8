// The decoder must be as strict as the client that it stands for, or the tests that use it show nothing.

import { describe, expect, it } from 'vitest';
import { goDecode } from './go-decoder.ts';

describe('decoding as Go does', () => {
  it.each([
    ['a number for text', { a: 'string' }, { a: 1 }],
    ['text for a number', { a: 'int' }, { a: '1' }],
    ['a fraction for a number', { a: 'int' }, { a: 1.5 }],
    ['a time with a zone', { a: 'time' }, { a: '2026-11-22T09:52:56.000Z' }],
    ['an object for text', { a: 'string' }, { a: {} }],
    ['a list for an object', { a: { b: 'string' } }, { a: [] }],
    ['an object for a list', { a: [{ b: 'string' }] }, { a: {} }],
    ['a number among texts', { a: 'map[string]string' }, { a: { b: 1 } }],
    ['deep down', { a: [{ b: { c: 'bool' } }] }, { a: [{ b: { c: 'true' } }] }],
  ] as const)('refuses %s', (_, type, value) => {
    expect(() => goDecode(type, value)).toThrow('cannot decode');
  });

  it('takes null and nothing for anything, and does not look at the rest', () => {
    const type = { a: 'string', b: 'int', c: [{ d: 'string' }], e: { f: 'bool' } } as const;
    const zero = { a: '', b: 0, c: [], e: { f: false } };
    expect(goDecode(type, { a: null, c: null, e: null, more: 1 })).toEqual(zero);
    expect(goDecode({ a: 'time' }, { a: '2026-11-22T09:52:56.000000' })).toEqual({ a: '2026-11-22T09:52:56.000000' });
  });
});
