// docs/states.md is drawn from the table in the code; what stands there must be what is drawn.

import { expect, test } from 'vitest';
import document from '../../docs/states.md?raw';
import { renderFault } from '../../worker/faults.ts';
import { BACKUP_STATES, SNAPSHOT_STATES, VOLUME_STATES } from '../../worker/project/states.ts';

type States = Readonly<Record<string, (typeof VOLUME_STATES)[keyof typeof VOLUME_STATES] | AnyTransition>>;
interface AnyTransition {
  readonly from: readonly string[];
  readonly during: string;
  readonly after: string;
  readonly failed: string;
  readonly fault: Parameters<typeof renderFault>[0]['code'];
}

/** `prior` in words. */
const BEFORE = 'as before';

function table(states: States): string {
  const rows = Object.entries(states).map(([name, { from, during, after, failed, fault }]) => {
    const codes = (['native', 'vbs', 'cbr'] as const).map(
      (face) => renderFault({ code: fault, message: '' }, face).vendorCode,
    );
    const shown = (status: string) => (status === 'prior' ? BEFORE : status === 'deleting' ? 'gone' : status);
    return `| ${name} | ${from.join(', ')} | ${during} | ${shown(after)} | ${shown(failed)} | ${[...new Set(codes)].join(', ')} |`;
  });
  const head = '| operation | allowed in | while it runs | then | after a failure | refused with (EVS, VBS, CBR) |';
  return [head, '|---|---|---|---|---|---|', ...rows].join('\n');
}

function drawing(states: States): string {
  const id = (status: string) => status.replaceAll('-', '_');
  const names = new Set<string>();
  const lines = Object.entries(states).flatMap(([name, { from, during, after, failed }]) => {
    for (const status of [...from, during]) names.add(status);
    const ends = (to: string) => (to === 'prior' ? from : [to]).filter((status) => status !== during).map(id);
    return [
      ...from.map((status) => `  ${id(status)} --> ${id(during)}: ${name}`),
      ...ends(after).map((to) => `  ${id(during)} --> ${to}`),
      ...(after === during ? [`  ${id(during)} --> [*]`] : []),
      ...ends(failed)
        .filter((to) => !ends(after).includes(to))
        .map((to) => `  ${id(during)} --> ${to}: failed`),
    ];
  });
  const labels = [...names].filter((name) => name.includes('-')).map((name) => `  state "${name}" as ${id(name)}`);
  return ['```mermaid', 'stateDiagram-v2', ...labels, ...lines, '```'].join('\n');
}

test.each([
  ['volumes, drawn', drawing(VOLUME_STATES)],
  ['volumes', table(VOLUME_STATES)],
  ['snapshots', table(SNAPSHOT_STATES)],
  ['backups', table(BACKUP_STATES)],
])('docs/states.md has the states of %s', (_what, text) => {
  // When this fails, paste what was expected.
  expect(document).toContain(text);
});
