// Numbers as people read them.
import type { Measure, Spread } from '../types.ts';

/** Three significant digits; whole numbers as they are. */
export function numberText(value: number): string {
  if (value >= 1_000) return Math.round(value).toLocaleString('en');
  if (Number.isInteger(value) || value >= 100) return String(Math.round(value));
  return value.toPrecision(value >= 1 ? 3 : 2);
}

/** Median and quartiles; only the median when they are the same. */
export function spreadText({ median, lower, upper }: Spread): string {
  if (lower === upper) return numberText(median);
  return `${numberText(median)} (${numberText(lower)}–${numberText(upper)})`;
}

/** A rate where bytes were worked on, a time for one piece of work otherwise, or what was counted. */
export function valueText(measure: Measure): string {
  const { median, unit, work } = measure;
  if (unit === 'bytes') return byteText(median);
  if (unit !== 'ms') return `${numberText(median)}${unit === 'count' ? '' : ` ${unit}`}`;
  if (work?.of === 'bytes') return `${rateText(rateOf(median, work.amount))}`;
  return timeText(median / (work?.amount ?? 1));
}

/** Bytes a second. */
export function rateOf(ms: number, bytes: number): number {
  return (bytes / ms) * 1_000;
}

function rateText(bytesPerSecond: number): string {
  return bytesPerSecond >= 1e9
    ? `${numberText(bytesPerSecond / 1e9)} GB/s`
    : `${numberText(bytesPerSecond / 1e6)} MB/s`;
}

function byteText(bytes: number): string {
  if (bytes < 100_000) return `${numberText(bytes)} bytes`;
  return `${numberText(bytes / 2 ** 20)} MiB`;
}

function timeText(ms: number): string {
  if (ms >= 1_000) return `${numberText(ms / 1_000)} s`;
  if (ms >= 1) return `${numberText(ms)} ms`;
  return ms >= 1e-3 ? `${numberText(ms * 1e3)} µs` : `${numberText(ms * 1e6)} ns`;
}
