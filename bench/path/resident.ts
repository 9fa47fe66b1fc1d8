// Resident memory of a process, from Linux's /proc.

import { readFileSync, writeFileSync } from 'node:fs';

const KIB = 1024;

/** Resident memory now and at most, in bytes. */
export interface Resident {
  readonly nowBytes: number;
  /** Since the process began or `forgetPeak` was called. */
  readonly peakBytes: number;
}

/** Reads VmRSS and VmHWM. Throws where there is no /proc. */
export function residentOf(pid: number): Resident {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) * KIB;
  return { nowBytes: field('VmRSS'), peakBytes: field('VmHWM') };
}

/** Lets the peak begin again at what is resident now: the kernel's own switch, so no peak between samples is missed. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}
