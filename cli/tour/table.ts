// The table that must hold: "backup and snapshot compared", each statement with a mark, and below it what was measured.

import type { MeasuredName } from './context.ts';
import type { Measured } from './cost.ts';
import { bold, green, type Report, red, size } from './report.ts';

/** Statements by metric, as the service's user guide has them. */
const ROWS: readonly { readonly metric: string; readonly backup: Statements; readonly snapshot: Statements }[] = [
  {
    metric: 'storage',
    backup: { B1: 'in object storage: restores after damage of the disk' },
    snapshot: { S1: 'with the disk: damaged with it' },
  },
  {
    metric: 'data synchronisation',
    backup: {
      B2: 'the copy of one moment',
      B3: 'in another place than the disk',
      B4: 'made by policy too, without a call',
      B5: 'stays when the disk is deleted',
    },
    snapshot: {
      S2: 'the state of one moment',
      S3: 'gone when the disk is deleted',
      S4: 'gone when the OS is reinstalled (system disk)',
    },
  },
  {
    metric: 'DR range',
    backup: { B6: "not in the disk's zone", B9: 'restores when the zone is lost' },
    snapshot: { S5: "in the disk's zone only" },
  },
  {
    metric: 'service recovery',
    backup: { B7: 'onto the original disk', B8: 'as a new disk, also without the original' },
    snapshot: { S6: 'rolls the original disk back', S7: 'as a new disk', N2: 'never onto another disk' },
  },
];

type Statements = Readonly<Record<string, string>>;

/** Ids that the tour must have tested. */
export const IDS = [...ROWS.flatMap((row) => [...Object.keys(row.backup), ...Object.keys(row.snapshot)]), 'N1'];

const NAMES: readonly MeasuredName[] = ['backup', 'incremental', 'restore', 'snapshot', 'rollback'];
const FIRST = 22;
const WIDE = 58;

/** The whole table as text. */
export function tableText(report: Report, measured: ReadonlyMap<MeasuredName, Measured>): string {
  const cells = (statements: Statements) =>
    Object.entries(statements).map(([id, text]) => ({ ok: report.holds(id), text: `${id} ${text}` }));
  const lines = ROWS.flatMap(({ metric, backup, snapshot }) => {
    const [left, right] = [cells(backup), cells(snapshot)];
    return Array.from({ length: Math.max(left.length, right.length) }, (_, index) =>
      [(index === 0 ? metric : '').padEnd(FIRST), marked(left[index], WIDE), marked(right[index], 0)].join(''),
    );
  });
  return [
    bold('Backup and snapshot compared'),
    rule(),
    `${''.padEnd(FIRST)}${'backup'.padEnd(WIDE)}snapshot`,
    rule(),
    ...lines.map((line) => line.trimEnd()),
    rule(),
    ...numbers(measured),
    rule(),
    'Bytes, rows, operations and cost count until nothing is left to do in the background: a snapshot is folded into the',
    "tree, a restored disk has everything. They are the disk's and the vault's; the control plane's rows are not in them.",
    marked(
      { ok: report.holds('N1'), text: 'N1 a snapshot and a rollback move nothing: that is why they are faster' },
      0,
    ),
  ].join('\n');
}

/** Seconds, bytes and money, one column for each operation. */
function numbers(measured: ReadonlyMap<MeasuredName, Measured>): string[] {
  const line = (title: string, value: (one: Measured) => string) =>
    title.padEnd(FIRST) + NAMES.map((name) => column(measured.get(name), value)).join('');
  return [
    ''.padEnd(FIRST) + NAMES.map((name) => name.padStart(14)).join(''),
    line('seconds', ({ seconds }) => seconds.toFixed(2)),
    line('… and settled', ({ settledSeconds }) => settledSeconds.toFixed(2)),
    line('bytes moved', ({ obsBytes }) => size(obsBytes)),
    line('rows written', ({ rowsWritten }) => String(rowsWritten)),
    line('R2 operations', ({ obsOperations }) => String(obsOperations)),
    line('platform cost, USD', ({ usd }) => (usd === 0 ? '0' : usd.toFixed(7))),
  ];
}

const column = (one: Measured | undefined, value: (one: Measured) => string) =>
  (one === undefined ? '-' : value(one)).padStart(14);

function marked(cell: { ok: boolean; text: string } | undefined, width: number): string {
  if (cell === undefined) return ''.padEnd(width);
  return `${cell.ok ? green('✓') : red('✗')} ${cell.text}`.padEnd(width === 0 ? 0 : width + paintedBy(cell.ok));
}

/** Characters that do not show. */
const paintedBy = (ok: boolean) => (ok ? green('✓') : red('✗')).length - 1;

const rule = () => '─'.repeat(FIRST + WIDE + 44);
