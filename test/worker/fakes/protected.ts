// A disk in a vault under a policy.

import type { PolicyInput } from '../../../worker/project/contract.ts';
import { Bench, must } from './bench.ts';

/** Twice a day, the last two are kept. */
export const DAILY: PolicyInput = {
  name: 'nightly',
  definition: { max_backups: 2 },
  patterns: ['FREQ=DAILY;BYHOUR=02;BYMINUTE=00', 'FREQ=DAILY;BYHOUR=14;BYMINUTE=00'],
};

/** A bench with one volume that the policy backs up. */
export async function protectedVolume(policy: PolicyInput = DAILY) {
  const bench = new Bench();
  const volume = await bench.volume();
  const { id: policyId } = must(await bench.project.createPolicy(bench.caller, policy));
  const vault = must(
    await bench.project.createVault(bench.caller, {
      name: 'v',
      sizeGib: 10,
      objectType: 'disk',
      protectType: 'backup',
      consistentLevel: 'crash_consistent',
      resources: [{ id: volume.id, type: 'OS::Cinder::Volume' }],
      policyId,
    }),
  );
  return { bench, volume, policyId, vaultId: vault.id };
}
