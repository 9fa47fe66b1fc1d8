// Time between the ticks of a coarse clock.
import { expect, test } from 'vitest';
import { TickClock } from '../../bench/runtimes/tick-clock.ts';

/** A clock that shows whole milliseconds and takes 5 µs a look. */
class CoarseClock {
  ms = 100.3;
  look = () => {
    this.ms += 0.005;
    return Math.floor(this.ms);
  };
}

test('a duration is told to a few looks, wherever it ends within a tick', () => {
  const coarse = new CoarseClock();
  const clock = new TickClock(coarse.look);
  for (const ms of [0.1, 0.5, 0.93, 1, 2.25, 7.6]) {
    const started = clock.start();
    coarse.ms += ms;
    expect(Math.abs(clock.now() - started - ms), `${ms} ms`).toBeLessThan(0.03);
  }
});

test('a clock that stands still is refused', () => {
  expect(() => new TickClock(() => 5)).toThrow('stands still');
});
