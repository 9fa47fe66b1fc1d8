// Global set-up of every test project: the kernel as its sources are now. Nothing happens when it is up to date.

import { buildKernel } from '../../tools/build-kernel.ts';

export default async function setup(): Promise<void> {
  await buildKernel();
}
