// docs/benchmarks.md and its plots are what the results and the notes in bench/ make.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseNotes } from '../../bench/report/notes.ts';
import { PLOTS_FOLDER, reportFiles } from '../../bench/report/write.ts';
import { inRoot } from '../../tools/paths.ts';

describe('the report', () => {
  const files = reportFiles();

  test.each([...files.keys()])('%s is current', (name) => {
    expect(readFileSync(inRoot(name), 'utf8'), 'npm run bench -- report writes it').toBe(files.get(name));
  });

  test('there are no plots of cases that are no more', () => {
    const expected = [...files.keys()].filter((name) => name.startsWith(PLOTS_FOLDER));
    expect(
      readdirSync(inRoot(PLOTS_FOLDER))
        .map((name) => join(PLOTS_FOLDER, name))
        .sort(),
    ).toEqual(expected.sort());
  });

  test('every note belongs to a case or to a place that the report has', () => {
    const text = files.get(join('docs', 'benchmarks.md'))!;
    for (const [id, note] of parseNotes(readFileSync(inRoot('bench', 'notes.md'), 'utf8'))) {
      expect(text.includes(note), `the note on ${id} is in the report`).toBe(true);
    }
  });
});

test('notes are sections by id, and an id has one', () => {
  const notes = parseNotes('# Notes\n\n## a\n\none\n\ntwo\n\n## b\nthree\n');
  expect([...notes]).toEqual([
    ['a', 'one\n\ntwo'],
    ['b', 'three'],
  ]);
  expect(() => parseNotes('## a\nx\n## a\ny\n')).toThrow('two sections');
});
