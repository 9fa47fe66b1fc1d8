// Sizes as people read them, raw and as they travel.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { gzipSync } from 'node:zlib';

const kib = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`.padStart(12);

/** One line per file: name, raw size, gzip size. */
export function sizeLines(files: readonly string[]): string[] {
  const rows = files.map((file) => {
    const bytes = readFileSync(file);
    return { name: basename(file), raw: bytes.length, gzip: gzipSync(bytes).length };
  });
  if (rows.length > 1) {
    const sum = (key: 'raw' | 'gzip') => rows.reduce((total, row) => total + row[key], 0);
    rows.push({ name: 'total', raw: sum('raw'), gzip: sum('gzip') });
  }
  const width = Math.max(...rows.map((row) => row.name.length));
  return rows.map((row) => `  ${row.name.padEnd(width)}  ${kib(row.raw)}  gzip ${kib(row.gzip)}`);
}
