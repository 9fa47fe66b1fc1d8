// Medians, quartiles, and ratios that are taken round by round.
import type { CaseResult, Measure, Ratio, Spread, Unit, Work } from './types.ts';

/** Value below which `part` (0 to 1) of the sorted samples lie, between neighbours in proportion. */
function quantile(sorted: readonly number[], part: number): number {
  const at = (sorted.length - 1) * part;
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (sorted[above]! - sorted[below]!) * (at - below);
}

/** Median and quartiles of at least one sample; throws RangeError for none. */
export function spread(samples: readonly number[]): Spread {
  if (samples.length === 0) throw new RangeError('no samples');
  const sorted = [...samples].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), lower: quantile(sorted, 0.25), upper: quantile(sorted, 0.75) };
}

/** A time: one sample a round, in ms, of the time that `work` took. */
export function timed(id: string, title: string, samples: readonly number[], work?: Work): Measure {
  return measure(id, title, 'ms', samples, work);
}

/** Something counted: rows, requests, bytes. */
export function counted(id: string, title: string, unit: Exclude<Unit, 'ms'>, samples: readonly number[]): Measure {
  return measure(id, title, unit, samples);
}

function measure(id: string, title: string, unit: Unit, samples: readonly number[], work?: Work): Measure {
  return { id, title, unit, ...(work && { work }), samples, ...spread(samples) };
}

/**
 * A result. Its ratios set the kernel's first measure against all others of its unit, and in path cases `raw-X` against
 * the `api-X` or `service-X` of the same case; `compared: false` leaves them out.
 */
export function caseResult(
  { compared = true, missing = [], ...about }: About,
  measures: readonly Measure[],
): CaseResult {
  if (measures.length === 0) throw new RangeError(`case ${about.id} measured nothing`);
  const ratios = measures.flatMap((against): Ratio[] => {
    const of = compared ? counterpart(about.suite, against, measures) : undefined;
    const speeds = of === undefined ? [] : speedRatios(of, against);
    return speeds.length === 0 ? [] : [{ of: of!.id, against: against.id, samples: speeds, ...spread(speeds) }];
  });
  return { ...about, measures, ratios, missing };
}

type About = Pick<CaseResult, 'id' | 'suite' | 'runtime' | 'title'> & {
  readonly missing?: CaseResult['missing'];
  readonly compared?: boolean;
};

/** The project's own measure that `other` is compared with. */
function counterpart(suite: CaseResult['suite'], other: Measure, measures: readonly Measure[]): Measure | undefined {
  const name = /^raw-(.+)$/.exec(other.id)?.[1];
  const own =
    suite === 'kernel' ? measures[0] : measures.find(({ id }) => id === `api-${name}` || id === `service-${name}`);
  return own !== other && own?.unit === other.unit ? own : undefined;
}

/** Cost of `against` over cost of `of` for equal work, in each round that has both; rounds with a zero are left out. */
export function speedRatios(of: Measure, against: Measure): number[] {
  const rounds = Math.min(of.samples.length, against.samples.length);
  const perWork = (of.work?.amount ?? 1) / (against.work?.amount ?? 1);
  return Array.from({ length: rounds }, (_, i) => (against.samples[i]! / of.samples[i]!) * perWork).filter(
    (ratio) => ratio > 0 && Number.isFinite(ratio),
  );
}
