// The tour from beginning to end, over one server.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Api, type Login } from './api.ts';
import { backUpTwice, damageAndRestore, loseZone, newDiskThenDelete } from './backups.ts';
import { Cleanup } from './cleanup.ts';
import { Cloud } from './cloud.ts';
import type { MeasuredName, Tour } from './context.ts';
import type { Measured } from './cost.ts';
import { makeImage } from './image.ts';
import { automaticBackups } from './policies.ts';
import { dim, Report, size } from './report.ts';
import { reinstall } from './servers.ts';
import { fill, snapshotAndRollback } from './snapshots.ts';
import { IDS, tableText } from './table.ts';

export interface Options extends Login {
  readonly sizeMib: number;
  readonly json: boolean;
  readonly keep: boolean;
}

/** Runs everything; resolves to true when every comparison held. */
export async function run(options: Options): Promise<boolean> {
  const report = new Report(options.json);
  const cleanup = new Cleanup();
  const measured = new Map<MeasuredName, Measured>();
  const folder = mkdtempSync(join(tmpdir(), 'edge-evs-tour-'));
  let failure: string | null = null;
  // The first Ctrl-C cleans up, a second one does not wait for that.
  const interrupt = () => report.interrupt();
  process.once('SIGINT', interrupt);
  try {
    await visit(options, report, cleanup, measured, folder);
  } catch (error) {
    failure = (error as Error).message;
  } finally {
    process.off('SIGINT', interrupt);
  }
  const left = options.keep ? [] : await cleanup.run();
  if (!options.keep) rmSync(folder, { recursive: true, force: true });
  const failed = report.checks.filter((check) => !check.ok);
  const missing = IDS.filter((id) => !report.checks.some((check) => check.id === id));
  const ok = failure === null && failed.length === 0 && missing.length === 0 && left.length === 0;
  if (options.json) {
    console.log(JSON.stringify({ ok, failure, left, steps: report.steps, measured: Object.fromEntries(measured) }));
    return ok;
  }
  // A tour that did not begin has nothing to compare.
  if (report.checks.length > 0) report.say(`\n${tableText(report, measured)}\n`);
  if (options.keep) report.say(`Kept: everything named tour-…, and ${folder}`);
  for (const text of left) console.error(`not cleaned up: ${text}`);
  for (const { id, statement, detail } of failed) console.error(`failed: ${id} ${statement}: ${detail}`);
  if (failure !== null) console.error(`edge-evs tour: ${failure}`);
  if (report.checks.length === 0) return false;
  report.say(
    `${report.checks.length - failed.length} of ${report.checks.length} comparisons hold${ok ? '' : ': NOT OK'}`,
  );
  return ok;
}

async function visit(
  options: Options,
  report: Report,
  cleanup: Cleanup,
  measured: Map<MeasuredName, Measured>,
  folder: string,
): Promise<void> {
  const api = await Api.login(options);
  const cloud = new Cloud(api, cleanup);
  const [first, second] = await cloud.zones();
  if (first === undefined || second === undefined) throw new Error('the tour needs a deployment with two zones');
  report.say(`edge-evs tour of ${options.url} as ${options.user}, zones ${first} and ${second}`);
  const image = await report.step('Make a disk image with real files', async () => {
    const made = await makeImage(folder, options.sizeMib * 2 ** 20);
    const what = made.kind === 'ext4' ? 'an ext4 file system' : 'files end to end (mkfs.ext4 is not installed)';
    report.note(`${size(made.sizeBytes)}: ${what} with ${made.files} files, ${size(made.fileBytes)}`);
    return made;
  });
  const tag = Date.now().toString(36).slice(-5);
  const { project } = options;
  const tour: Tour = { cloud, cleanup, report, project, image, folder, tag, zones: [first, second], measured };
  const { diskId, mirror } = await fill(tour);
  const subject = await snapshotAndRollback(tour, diskId, mirror);
  const { first: full, second: incremental } = await backUpTwice(tour, subject);
  await report.step('Compare what snapshot and backup had to do', async () => work(tour));
  await damageAndRestore(tour, subject, incremental);
  const copyId = await newDiskThenDelete(tour, subject, full);
  await loseZone(tour, copyId, full);
  await reinstall(tour);
  await automaticBackups(tour);
  report.say(dim(options.keep ? '' : '\n    cleaning up'));
}

/** N1, by work: no bytes and no operations of object storage against all of the disk's data. */
async function work({ report, measured }: Tour): Promise<void> {
  const none: Measured = {
    seconds: 0,
    settledSeconds: 0,
    rowsRead: 0,
    rowsWritten: 0,
    obsBytes: 0,
    obsOperations: 0,
    usd: 0,
  };
  const of = (name: MeasuredName) => measured.get(name) ?? none;
  for (const name of ['snapshot', 'rollback'] as const) {
    const { obsBytes, obsOperations, rowsWritten } = of(name);
    const detail = `${rowsWritten} rows written, ${obsOperations} R2 operations`;
    report.check('N1', `a ${name} moves no bytes to another place`, obsBytes + obsOperations === 0, detail);
  }
  const { obsBytes, obsOperations } = of('backup');
  const detail = `${size(obsBytes)}, ${obsOperations} R2 operations`;
  report.check('N1', 'a backup moves the data', obsBytes > 0 && obsOperations > 0, detail);
  const part = of('incremental').obsBytes;
  report.check('', 'an incremental backup moves the change', part > 0 && part < obsBytes, size(part));
}
