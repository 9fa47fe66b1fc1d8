// Lists: filters, order and pages.

import { describe, expect, test } from 'vitest';
import { commonKeys, page } from '../../worker/project/list.ts';
import { Bench, must, mustRefuse } from './fakes/bench.ts';

const KEYS = commonKeys<{ id: string; name: string; createdMs: number }>();
const ITEMS = ['d', 'a', 'c', 'b'].map((id, index) => ({ id, name: id === 'a' ? 'z' : 'y', createdMs: index }));
const ids = (found: { items: readonly { id: string }[] }) => found.items.map((item) => item.id).join('');

describe('a page', () => {
  test('is newest first, and of what was asked', () => {
    expect(ids(page(ITEMS, {}, KEYS))).toBe('bcad');
    expect(ids(page(ITEMS, { sort: [{ key: 'id', dir: 'asc' }] }, KEYS))).toBe('abcd');
    expect(ids(page(ITEMS, { sort: [{ key: 'name' }, { key: 'id', dir: 'asc' }] }, KEYS))).toBe('abcd');
  });
  test('starts after the marker, then after the offset, and says if there is more', () => {
    const first = page(ITEMS, { limit: 2 }, KEYS);
    expect([ids(first), first.total, first.more]).toEqual(['bc', 4, true]);
    const second = page(ITEMS, { limit: 2, marker: 'c' }, KEYS);
    expect([ids(second), second.more]).toEqual(['ad', false]);
    expect(ids(page(ITEMS, { limit: 2, marker: 'b', offset: 1 }, KEYS))).toBe('ad');
    expect(page(ITEMS, { offset: 9 }, KEYS)).toEqual({ items: [], total: 4, more: false });
    expect(page(ITEMS, { limit: 0 }, KEYS)).toEqual({ items: [], total: 4, more: false });
  });
  test.each([
    [{ limit: -1 }, 'invalid-limit'],
    [{ limit: 1001 }, 'limit-too-large'],
    [{ limit: Number.NaN }, 'invalid-limit'],
    [{ offset: 1.5 }, 'invalid-offset'],
    [{ marker: 'x' }, 'marker-not-found'],
    [{ sort: [{ key: 'colour' }] }, 'invalid-sort-key'],
    [{ sort: [{ key: '__proto__' }] }, 'invalid-sort-key'],
    [{ sort: [{ key: 'id', dir: 'up' }] }, 'invalid-sort-dir'],
  ] as const)('refuses %j', (query, code) => {
    expect(() => page(ITEMS, query, KEYS)).toThrow(
      expect.objectContaining({ fault: expect.objectContaining({ code }) }),
    );
  });
});

test('volumes by name, status, zone, ids, metadata and size', async () => {
  const bench = new Bench();
  const { project, caller } = bench;
  expect(must(await project.listVolumes(caller, {}))).toEqual({ items: [], total: 0, more: false });
  const one = await bench.volume({ name: 'one', zone: 'eu-de-01', metadata: { a: '1', b: '2' } });
  const two = await bench.volume({ name: 'two', zone: 'eu-de-02', metadata: { a: '1' }, sizeGib: 5 });
  const names = async (query: Parameters<typeof project.listVolumes>[1]) =>
    must(await project.listVolumes(caller, query)).items.map((volume) => volume.name);
  expect(await names({ name: 'one' })).toEqual(['one']);
  expect(await names({ zone: 'eu-de-02' })).toEqual(['two']);
  const types = must(await project.listVolumeTypes(caller));
  expect(await names({ type: types.find((type) => type.isDefault)!.id })).toEqual(['two', 'one']);
  expect(await names({ ids: [two.id, 'unknown'] })).toEqual(['two']);
  expect(await names({ metadata: { a: '1', b: '2' } })).toEqual(['one']);
  expect(await names({ status: 'error' })).toEqual([]);
  expect(await names({ sort: [{ key: 'size', dir: 'asc' }] })).toEqual(['one', 'two']);
  mustRefuse(await project.listVolumes(caller, { marker: crypto.randomUUID() }), 'marker-not-found');
  must(await project.changeVolumeMetadata(caller, one.id, { set: { c: '3' }, remove: ['a'] }));
  expect(must(await project.getVolume(caller, one.id)).metadata).toEqual({ b: '2', c: '3' });
  mustRefuse(await project.changeVolumeMetadata(caller, one.id, { remove: ['a'] }), 'metadata-not-found');
  const updated = must(await project.updateVolume(caller, one.id, { name: 'uno', description: null }));
  expect(updated).toMatchObject({ name: 'uno', description: null, metadata: { b: '2', c: '3' } });
  mustRefuse(await project.updateVolume(caller, one.id, {}), 'nothing-to-update');
});

test('what is kept as it came is bounded, so that a list of many still fits into one answer', async () => {
  const bench = new Bench();
  const { project, caller } = bench;
  const pairs = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`${i}`.padEnd(200, 'k'), 'v'.repeat(200)]));
  const volume = await bench.volume({ metadata: pairs(20) });
  mustRefuse(
    await project.createVolumes(caller, { face: 'cinder', sizeGib: 1, metadata: pairs(50) }),
    'invalid-metadata',
  );
  const more = Object.fromEntries(Object.entries(pairs(40)).map(([key, value]) => [`x${key}`, value]));
  mustRefuse(await project.changeVolumeMetadata(caller, volume.id, { set: more }), 'invalid-metadata');
  expect(must(await project.getVolume(caller, volume.id)).metadata).toEqual(pairs(20));

  const vault = {
    name: 'v',
    sizeGib: 100,
    objectType: 'disk',
    protectType: 'backup',
    consistentLevel: 'x',
    resources: [],
  };
  const long = 'x'.repeat(9_000);
  mustRefuse(await project.createVault(caller, { ...vault, tags: [{ key: 'k', value: long }] }), 'invalid-tags');
  mustRefuse(
    await project.createVault(caller, { ...vault, bindRules: [{ key: 'k', value: long }] }),
    'invalid-request',
  );
  mustRefuse(await project.createVault(caller, { ...vault, consistentLevel: long }), 'invalid-name');
  const { id } = must(await project.createVault(caller, vault));
  const resource = { id: volume.id, type: 'OS::Cinder::Volume' };
  const large = { ...resource, extraInfo: { note: long } };
  mustRefuse(await project.addVaultResources(caller, id, [large]), 'invalid-request');
  must(await project.addVaultResources(caller, id, [{ ...resource, extraInfo: { note: 'x' } }]));
  const patterns = ['FREQ=DAILY;INTERVAL=1;BYHOUR=1;BYMINUTE=0'];
  const policy = { name: 'p', operationType: 'backup' as const, patterns, definition: { note: long } };
  mustRefuse(await project.createPolicy(caller, policy), 'invalid-request');
});
