// The journal by which the other tests here judge: it has to notice what is lost, and what comes back.

import { expect, test } from 'vitest';
import { WriteJournal } from '../support/nbd-journal.ts';

const sectors = (...values: readonly number[]) => Buffer.concat(values.map((value) => Buffer.alloc(512, value)));

test('what was acknowledged must be there; what was only sent may be', () => {
  const journal = new WriteJournal();
  journal.sent(512, sectors(1))();
  journal.check(0, sectors(0, 1, 0));
  expect(() => journal.check(512, sectors(0))).toThrow('sector 1');
  journal.sent(512, sectors(2));
  journal.check(512, sectors(1));
  journal.check(512, sectors(2));
  expect(() => journal.check(512, sectors(3))).toThrow('what nobody wrote');
});

test('what was overwritten must not come back', () => {
  const journal = new WriteJournal();
  journal.sent(0, sectors(1, 1))();
  journal.sent(0, sectors(2))();
  journal.check(0, sectors(2, 1));
  expect(() => journal.check(0, sectors(1, 1))).toThrow('sent at 0');
  journal.zeroed(0, 1_024)();
  journal.check(0, sectors(0, 0));
  expect(() => journal.check(0, sectors(0, 1))).toThrow('sector 1');
});

test('of two that were under way together either may have come last', () => {
  const journal = new WriteJournal();
  const ends = [journal.sent(0, sectors(1)), journal.sent(0, sectors(2))];
  for (const end of ends) end();
  journal.check(0, sectors(1));
  journal.check(0, sectors(2));
  expect(() => journal.check(0, sectors(0))).toThrow();
});

test('a snapshot is a state that was there while it was taken', () => {
  const journal = new WriteJournal();
  journal.sent(0, sectors(1))();
  const from = journal.moment();
  journal.sent(0, sectors(2))();
  const to = journal.moment();
  journal.sent(0, sectors(3))();
  journal.check(0, sectors(1), from, to);
  journal.check(0, sectors(2), from, to);
  expect(() => journal.check(0, sectors(3), from, to)).toThrow();
  expect(() => journal.check(0, sectors(0), from, to)).toThrow();
});
