// What may only be done to a type that no volume has. Volumes are known project by project, so that is seen in three steps:
// the type is taken out of the catalog, every project is asked with the catalog that lacks it, and only then it is done.

import { fault, type Outcome } from '../../faults.ts';
import { FaultError } from '../../http/errors.ts';
import type { Call } from '../../http/operation.ts';
import { askCatalog, askEvery } from '../../http/reach.ts';
import type { Caller, CatalogRpc, VolumeType } from '../../project/contract.ts';

/** Does the work while nobody can make a volume of the type; refused with 'type-in-use' when somebody has one. */
export async function whileUnused<T>(
  call: Call<unknown, unknown>,
  type: VolumeType,
  work: (catalog: CatalogRpc, caller: Caller) => Promise<Outcome<T>>,
): Promise<T> {
  const { session, env } = call;
  // First without a disturbance for those who use it.
  await mustBeUnused(call, type);
  await askCatalog(session, env, (catalog, caller) => catalog.withdrawType(caller, type.id));
  try {
    await mustBeUnused(call, type);
    return await askCatalog(session, env, work);
  } finally {
    await askCatalog(session, env, (catalog, caller) => catalog.offerType(caller, type.id));
  }
}

async function mustBeUnused(call: Call<unknown, unknown>, type: VolumeType): Promise<void> {
  const counts = await askEvery(call.session, call.env, (project, caller) => project.countOfType(caller, type.id));
  const count = counts.reduce((sum, one) => sum + one, 0);
  if (count > 0) throw new FaultError(fault('type-in-use', { count }));
}
