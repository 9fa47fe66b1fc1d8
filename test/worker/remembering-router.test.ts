import { expect, test } from 'vitest';
import { RememberingRouter } from '../../worker/http/remembering-router.ts';

function router(): RememberingRouter<string> {
  const made = new RememberingRouter<string>();
  made.add('ALL', '*', 'common');
  made.add('GET', '/data/:project/volumes/:id', 'read');
  made.add('PUT', '/data/:project/volumes/:id', 'write');
  return made;
}

const found = (made: RememberingRouter<string>, method: string, path: string) =>
  made.match(method, path)[0].map(([handler, params]) => [handler, { ...params }]);

test('a path that was asked for before has the same handlers and parameters, by method', () => {
  const made = router();
  for (let time = 0; time < 2; time++) {
    expect(found(made, 'GET', '/data/p/volumes/1')).toEqual([
      ['common', {}],
      ['read', { project: 'p', id: '1' }],
    ]);
    expect(found(made, 'PUT', '/data/p/volumes/1').at(-1)).toEqual(['write', { project: 'p', id: '1' }]);
    expect(found(made, 'GET', '/data/p/volumes/2').at(-1)).toEqual(['read', { project: 'p', id: '2' }]);
    expect(found(made, 'GET', '/nothing')).toEqual([['common', {}]]);
  }
});

test('a route that is added later is found', () => {
  const made = router();
  expect(found(made, 'GET', '/late')).toHaveLength(1);
  made.add('GET', '/late', 'late');
  expect(found(made, 'GET', '/late').at(-1)).toEqual(['late', {}]);
});

test('thousands of paths are found, one after the other and again', () => {
  const made = router();
  for (let time = 0; time < 2; time++) {
    for (let id = 0; id < 2_000; id++) {
      expect(found(made, 'GET', `/data/p/volumes/${id}`).at(-1)).toEqual(['read', { project: 'p', id: String(id) }]);
    }
  }
});
