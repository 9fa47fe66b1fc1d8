// The programs that this suite needs: clients of NBD, and the server that is compared.

import { spawnSync } from 'node:child_process';

export const PROGRAMS = ['fio', 'nbdcopy', 'qemu-img', 'qemu-nbd'] as const;

/** Version of each program that is installed. */
export function programVersions(): Readonly<Record<string, string>> {
  const found = PROGRAMS.flatMap((name) => {
    const { stdout } = spawnSync(name, ['--version'], { encoding: 'utf8' });
    const version = /\d+(\.\d+)+/.exec(stdout ?? '')?.[0];
    return version === undefined ? [] : [[name, version]];
  });
  return Object.fromEntries(found);
}

/** Those that are not. */
export function missingPrograms(): readonly string[] {
  const versions = programVersions();
  return PROGRAMS.filter((name) => versions[name] === undefined);
}
