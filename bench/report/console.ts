// Targets as lines for a terminal.

import { TARGETS } from '../targets.ts';
import type { CaseResult } from '../types.ts';
import { spreadText } from './numbers.ts';
import { limitText, outcomeOf } from './outcome.ts';

/** A line for each target of which something was measured. */
export function outcomeLines(cases: readonly CaseResult[]): string[] {
  return TARGETS.flatMap((target) => {
    const outcome = outcomeOf(target, cases);
    if (outcome === undefined) return [];
    const measured = spreadText(outcome.measured).padEnd(22);
    return [`${outcome.met ? 'met   ' : 'MISSED'}  ${measured} ${limitText(target).padEnd(10)} ${target.text}`];
  });
}
