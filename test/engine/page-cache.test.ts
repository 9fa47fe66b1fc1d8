import { describe, expect, test } from 'vitest';
import { PageCache } from '../../engine/page-cache.ts';

const page = (value: number) => Uint8Array.of(value);

describe('pages in memory', () => {
  test('owners share the room, and nothing else', () => {
    const cache = new PageCache(3);
    const [one, other] = [cache.shelf(), cache.shelf()];
    one.put('a', page(1));
    other.put('a', page(2));
    expect([one.get('a'), other.get('a')]).toEqual([page(1), page(2)]);
    one.clear();
    expect([one.get('a'), other.get('a')]).toEqual([undefined, page(2)]);
  });

  test('what was used least recently goes first, whoever it belongs to', () => {
    const cache = new PageCache(3);
    const [one, other] = [cache.shelf(), cache.shelf()];
    one.put('a', page(1));
    one.put('b', page(2));
    other.put('c', page(3));
    expect(one.get('a')).toEqual(page(1));
    other.put('d', page(4));
    expect([one.get('a'), one.get('b'), other.get('c'), other.get('d')]).toEqual([
      page(1),
      undefined,
      page(3),
      page(4),
    ]);
  });

  test('putting a page again does not take more room', () => {
    const cache = new PageCache(2);
    const shelf = cache.shelf();
    for (const name of ['a', 'b', 'a', 'a', 'b']) shelf.put(name, page(0));
    expect([shelf.get('a'), shelf.get('b')]).toEqual([page(0), page(0)]);
  });
});
