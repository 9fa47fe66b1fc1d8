// Which charts a case gets.
import type { CaseResult, Measure, Ratio } from '../types.ts';
import { RUNTIME_COLOURS, RUNTIME_NAMES } from './names.ts';
import { numberText, rateOf, spreadText } from './numbers.ts';
import { type Bar, barChart } from './plot.ts';

/** The chart of one case in all runtimes that ran it; undefined when there is nothing to compare. */
export function chartOf(results: readonly CaseResult[]): string | undefined {
  const [first] = results;
  if (first === undefined) return undefined;
  if (first.suite !== 'kernel') return measureChart(first);
  return first.ratios.length === 0 ? undefined : speedChart(results);
}

/** Speed of every contender, the kernel in the same runtime being 1. */
function speedChart(results: readonly CaseResult[]): string {
  const titles = new Map(results.flatMap(({ measures }) => measures.slice(1).map(({ id, title }) => [id, title])));
  const groups = [...titles].map(([id, title]) => ({
    label: title,
    bars: results.flatMap(({ runtime, ratios }): Bar[] => {
      const ratio = ratios.find(({ against }) => against === id);
      return ratio === undefined ? [] : [speedBar(ratio, RUNTIME_COLOURS[runtime], RUNTIME_NAMES[runtime])];
    }),
  }));
  return barChart({
    title: results[0]!.title,
    axis: 'speed; the line is the kernel, ticks are quartiles',
    groups,
    reference: 1,
    legend: results.map(({ runtime }) => ({ label: RUNTIME_NAMES[runtime], colour: RUNTIME_COLOURS[runtime] })),
  });
}

function speedBar(ratio: Ratio, colour: string, runtime: string): Bar {
  const speed = { median: 1 / ratio.median, lower: 1 / ratio.upper, upper: 1 / ratio.lower };
  return { ...speed, colour, label: `${runtime}: ${numberText(speed.median)}` };
}

/** Times of a path case, or rates when all of them have bytes. */
function measureChart({ title, measures, runtime }: CaseResult): string | undefined {
  const times = measures.filter(({ unit }) => unit === 'ms');
  if (times.length < 2) return undefined;
  const isRate = times.every(({ work }) => work?.of === 'bytes');
  const colour = RUNTIME_COLOURS[runtime];
  const groups = times.map((measure) => {
    const values = isRate ? rates(measure) : measure;
    return { label: measure.title, bars: [{ ...values, colour, label: spreadText(values) }] };
  });
  return barChart({
    title,
    axis: isRate ? 'MB/s; ticks are quartiles' : 'ms; ticks are quartiles',
    groups,
    legend: [],
  });
}

function rates({ median, lower, upper, work }: Measure) {
  const rate = (ms: number) => rateOf(ms, work!.amount) / 1e6;
  return { median: rate(median), lower: rate(upper), upper: rate(lower) };
}
