// Bars with their quartiles as SVG text: no library, no DOM, the same bytes for the same numbers.
import type { Spread } from '../types.ts';

export interface Bar extends Spread {
  readonly colour: string;
  /** Read by who points at the bar. */
  readonly label: string;
}

export interface BarGroup {
  readonly label: string;
  readonly bars: readonly Bar[];
}

export interface BarChart {
  readonly title: string;
  /** What the axis counts. */
  readonly axis: string;
  readonly groups: readonly BarGroup[];
  /** A line across all bars. */
  readonly reference?: number;
  readonly legend: readonly { readonly label: string; readonly colour: string }[];
}

const WIDTH = 760;
const LABEL_WIDTH = 230;
const RIGHT = 60;
const BAR_HEIGHT = 12;
const GROUP_GAP = 10;
const TOP = 58;
const BOTTOM = 36;

/** The chart as one SVG element. Values are not negative. */
export function barChart({ title, axis, groups, reference, legend }: BarChart): string {
  const values = groups.flatMap(({ bars }) => bars.map(({ upper }) => upper));
  const step = niceStep(Math.max(...values, reference ?? 0));
  const most = step * Math.ceil(Math.max(...values, reference ?? 0) / step);
  const x = (value: number) => round(LABEL_WIDTH + (value / most) * (WIDTH - LABEL_WIDTH - RIGHT));
  const lines: string[] = [];
  let y = TOP;
  for (const { label, bars } of groups) {
    const middle = y + (bars.length * BAR_HEIGHT) / 2 + 4;
    lines.push(text(LABEL_WIDTH - 8, middle, label, 'end'));
    for (const bar of bars) {
      lines.push(...barLines(bar, y, x));
      y += BAR_HEIGHT;
    }
    y += GROUP_GAP;
  }
  const ticks = Array.from({ length: Math.round(most / step) + 1 }, (_, i) => i * step);
  const grid = ticks.flatMap((tick) => [
    `<path d="M${x(tick)} ${TOP - 6}V${y}" stroke="#ddd"/>`,
    text(x(tick), y + 14, String(Number(tick.toPrecision(6))), 'middle'),
  ]);
  const mark = reference === undefined ? [] : [`<path d="M${x(reference)} ${TOP - 6}V${y}" stroke="#444"/>`];
  const height = y + BOTTOM;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="8" y="20" font-size="14" font-weight="bold">${escapeXml(title)}</text>`,
    ...legendLines(legend),
    ...grid,
    ...lines,
    ...mark,
    text((LABEL_WIDTH + WIDTH - RIGHT) / 2, y + 30, axis, 'middle'),
    '</svg>',
    '',
  ].join('\n');
}

function barLines({ median, lower, upper, colour, label }: Bar, y: number, x: (value: number) => number): string[] {
  const middle = y + BAR_HEIGHT / 2;
  const width = round(x(median) - LABEL_WIDTH);
  return [
    `<rect x="${LABEL_WIDTH}" y="${y + 1}" width="${width}" height="${BAR_HEIGHT - 2}" fill="${colour}">` +
      `<title>${escapeXml(label)}</title></rect>`,
    `<path d="M${x(lower)} ${middle}H${x(upper)}" stroke="#222"/>`,
    `<path d="M${x(lower)} ${middle - 3}V${middle + 3}M${x(upper)} ${middle - 3}V${middle + 3}" stroke="#222"/>`,
  ];
}

function legendLines(legend: BarChart['legend']): string[] {
  return legend.flatMap(({ label, colour }, i) => [
    `<rect x="${LABEL_WIDTH + i * 110}" y="32" width="10" height="10" fill="${colour}"/>`,
    text(LABEL_WIDTH + i * 110 + 15, 41, label, 'start'),
  ]);
}

/** A step of 1, 2 or 5 times a power of ten that gives four to ten ticks. */
function niceStep(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most / 4));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => most / step <= 8) ?? 10 * power;
}

function text(x: number, y: number, words: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escapeXml(words)}</text>`;
}

const round = (value: number): number => Math.round(value * 10) / 10;

const escapeXml = (words: string): string =>
  words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
