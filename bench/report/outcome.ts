// What was measured for a target, and whether it was met.

import { speedRatios, spread } from '../statistics.ts';
import type { CaseResult, Measure, MeasureRef, Spread, Target } from '../types.ts';
import { numberText } from './numbers.ts';

export interface Outcome {
  readonly target: Target;
  readonly measured: Spread;
  /** By the median. */
  readonly met: boolean;
}

/** Outcome of a target, or undefined when a measure it needs was not taken. */
export function outcomeOf(target: Target, cases: readonly CaseResult[]): Outcome | undefined {
  const of = find(cases, target.of);
  const against = target.against && find(cases, target.against);
  if (of === undefined || (target.compare !== 'value' && against === undefined)) return undefined;
  const samples = samplesOf(target.compare, of, against);
  if (samples.length === 0) return undefined;
  const measured = spread(samples);
  const { limit } = target;
  const met = 'atLeast' in limit ? measured.median >= limit.atLeast : measured.median <= limit.atMost;
  return { target, measured, met };
}

function samplesOf(compare: Target['compare'], of: Measure, against: Measure | undefined): readonly number[] {
  if (against === undefined) return of.samples;
  return compare === 'speed' ? speedRatios(of, against) : speedRatios(against, of);
}

function find(cases: readonly CaseResult[], { case: id, runtime, measure }: MeasureRef): Measure | undefined {
  return cases
    .find((result) => result.id === id && result.runtime === runtime)
    ?.measures.find((candidate) => candidate.id === measure);
}

/** The command that measures a target again, and nothing else. */
export function commandFor({ suite, of }: Target): string {
  return `npm run bench -- ${suite} --case ${of.case}`;
}

/** A target's limit as people write it. */
export function limitText({ limit }: Target): string {
  const number = 'atLeast' in limit ? limit.atLeast : limit.atMost;
  return `${'atLeast' in limit ? '≥' : '≤'} ${numberText(number)}`;
}
