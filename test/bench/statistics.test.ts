// Medians, quartiles, ratios by round, and who is compared with whom.
import { describe, expect, test } from 'vitest';
import { outcomeOf } from '../../bench/report/outcome.ts';
import { caseResult, counted, speedRatios, spread, timed } from '../../bench/statistics.ts';
import { TARGETS } from '../../bench/targets.ts';
import type { Target } from '../../bench/types.ts';

describe('spread', () => {
  test('median and quartiles, between neighbours in proportion', () => {
    expect(spread([4, 1, 3, 2])).toEqual({ median: 2.5, lower: 1.75, upper: 3.25 });
    expect(spread([7])).toEqual({ median: 7, lower: 7, upper: 7 });
    expect(() => spread([])).toThrow(RangeError);
  });
});

describe('ratios', () => {
  test('are taken in each round, for equal work', () => {
    const fast = timed('fast', 'fast', [1, 2, 4], { amount: 10, of: 'bytes' });
    const slow = timed('slow', 'slow', [3, 2], { amount: 5, of: 'bytes' });
    expect(speedRatios(fast, slow)).toEqual([6, 2]);
  });

  test('leave rounds out in which nothing was counted', () => {
    const of = counted('of', 'of', 'rows', [0, 2]);
    const against = counted('against', 'against', 'rows', [0, 3]);
    expect(speedRatios(of, against)).toEqual([1.5]);
  });

  test('set the first kernel measure against all others of its unit', () => {
    const about = { id: 'c', suite: 'kernel', runtime: 'node', title: 'c' } as const;
    const measures = [timed('kernel', 'k', [1]), timed('peer', 'p', [2]), counted('n', 'n', 'count', [3])];
    expect(caseResult(about, measures).ratios.map(({ against, median }) => [against, median])).toEqual([['peer', 2]]);
    expect(caseResult({ ...about, compared: false }, measures).ratios).toEqual([]);
  });

  test('set the service against raw storage of the same name', () => {
    const about = { id: 'c', suite: 'path', runtime: 'service', title: 'c' } as const;
    const measures = [timed('api-4k', 'a', [4]), timed('api-1m', 'a', [1]), timed('raw-1m', 'r', [3])];
    const [ratio, ...others] = caseResult(about, measures).ratios;
    expect(ratio).toMatchObject({ of: 'api-1m', against: 'raw-1m', median: 3 });
    expect(others).toEqual([]);
  });
});

describe('targets', () => {
  const about = { id: 'c', suite: 'path', runtime: 'service', title: 'c' } as const;
  const cases = [caseResult(about, [timed('a', 'a', [2, 2, 2]), timed('b', 'b', [3, 4, 5])])];
  const ref = (measure: string) => ({ case: 'c', runtime: 'service', measure }) as const;
  const target = (rest: Pick<Target, 'compare' | 'limit'>): Target => ({
    ...{ id: 't', text: 't', suite: 'path', of: ref('a'), against: ref('b') },
    ...rest,
  });

  test('speed, cost and value, met by the median', () => {
    expect(outcomeOf(target({ compare: 'speed', limit: { atLeast: 2 } }), cases)).toMatchObject({ met: true });
    expect(outcomeOf(target({ compare: 'speed', limit: { atLeast: 2.1 } }), cases)).toMatchObject({ met: false });
    expect(outcomeOf(target({ compare: 'cost', limit: { atMost: 0.5 } }), cases)?.measured.median).toBe(0.5);
    const { against: _, ...value } = target({ compare: 'value', limit: { atMost: 1 } });
    expect(outcomeOf(value, cases)).toMatchObject({ met: false, measured: { median: 2 } });
  });

  test('are not invented when a measure is missing', () => {
    const missing = { ...target({ compare: 'speed', limit: { atLeast: 1 } }), against: ref('nobody') };
    expect(outcomeOf(missing, cases)).toBeUndefined();
  });

  test('have ids of their own', () => {
    expect(new Set(TARGETS.map(({ id }) => id)).size).toBe(TARGETS.length);
  });
});
