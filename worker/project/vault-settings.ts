// What may be said of a vault, when it is made and later.

import { Refusal } from '../faults.ts';
import type { VaultSettings } from './contract.ts';
import { byteLength, checkSize } from './fields.ts';
import { VAULT_SIZE_GIB_MAX, VAULT_SIZE_GIB_MIN, VAULT_TAGS_BYTES_MAX } from './limits.ts';
import { refuseLockedVault } from './locks.ts';
import type { VaultRecord } from './records.ts';
import { checkVaultTags } from './vault-tags.ts';

/** The given settings, checked against what the vault is so far; what is absent is left out. */
export function checkedSettings(vault: VaultRecord, input: VaultSettings): Partial<VaultRecord> {
  const { name, description, sizeGib, thresholdPercent, autoBind, autoExpand, bindRules, smnNotify, locked } = input;
  if (name !== undefined && (name === '' || byteLength(name) > 64)) throw bad('A vault name has 1 to 64 bytes.');
  if (description != null && byteLength(description) > 64) throw bad('A vault description has at most 64 bytes.');
  if (
    sizeGib !== undefined &&
    !(Number.isInteger(sizeGib) && sizeGib >= VAULT_SIZE_GIB_MIN && sizeGib <= VAULT_SIZE_GIB_MAX)
  ) {
    throw bad(`A vault has ${VAULT_SIZE_GIB_MIN} to ${VAULT_SIZE_GIB_MAX} GiB.`);
  }
  if (thresholdPercent !== undefined && !(thresholdPercent >= 1 && thresholdPercent <= 100)) {
    throw bad('A threshold is 1 to 100 percent.');
  }
  if (locked === false) refuseLockedVault(vault, 'locking cannot be switched off');
  if (bindRules !== undefined) checkVaultTags(checkSize('bind_rules', bindRules, VAULT_TAGS_BYTES_MAX));
  const settings = { name, description, sizeGib, thresholdPercent, autoBind, autoExpand, bindRules, smnNotify, locked };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

function bad(reason: string): Refusal {
  return new Refusal('invalid-request', { reason });
}
