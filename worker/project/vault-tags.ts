// Tags of vaults, and finding vaults by them.

import { Refusal } from '../faults.ts';
import type { Page, Tag, TagChoice, VaultTagChange, VaultTagQuery, VaultView } from './contract.ts';
import type { Control } from './control.ts';
import { byteLength, checkSize } from './fields.ts';
import { VAULT_TAGS_BYTES_MAX, VAULT_TAGS_MAX } from './limits.ts';
import { commonKeys, page } from './list.ts';
import type { VaultRecord } from './records.ts';
import { hasTags, valuesByKey } from './tag-choices.ts';
import { view } from './vault-records.ts';

/** Characters that the vendor keeps for itself. */
const FORBIDDEN = /[=*<>\\,|/]|\p{Cc}/u;

/** Tags as they may be stored; a key that comes twice is refused. */
export function checkVaultTags(tags: readonly Tag[]): readonly Tag[] {
  if (tags.length > VAULT_TAGS_MAX) throw invalid(`at most ${VAULT_TAGS_MAX}`);
  if (new Set(tags.map((tag) => tag.key)).size < tags.length) throw invalid('a key comes twice');
  for (const { key, value } of tags) {
    if (key === '' || byteLength(key) > 36 || FORBIDDEN.test(key)) throw invalid('keys have 1 to 36 bytes');
    if (byteLength(value) > 43 || FORBIDDEN.test(value)) throw invalid('values have at most 43 bytes');
  }
  return checkSize('tags', tags, VAULT_TAGS_BYTES_MAX);
}

/** Sets tags (a key that is there gets its new value) and takes others away; keys that are not there are refused. */
export function changeVaultTags(control: Control, id: string, change: VaultTagChange): readonly Tag[] {
  const vault = control.vault(id);
  const tags = new Map(vault.tags.map((tag) => [tag.key, tag.value]));
  for (const key of change.remove ?? []) if (!tags.delete(key)) throw new Refusal('tag-not-found', { key });
  for (const { key, value } of checkVaultTags(change.set ?? [])) tags.set(key, value);
  const next = checkVaultTags([...tags].map(([key, value]) => ({ key, value })));
  return control.vaults.put({ ...vault, tags: next, updatedMs: control.now() }).tags;
}

/** All keys of the project's vaults with their values, in order. */
export function vaultTags(control: Control): TagChoice[] {
  return valuesByKey(control.vaults.all().flatMap((vault) => vault.tags));
}

export function findVaults(control: Control, query: VaultTagQuery): Page<VaultView> {
  const found = page(
    control.vaults.all().filter((vault) => matches(vault, query)),
    query,
    commonKeys<VaultRecord>(),
  );
  return { ...found, items: found.items.map((vault) => view(control, vault)) };
}

function matches(vault: VaultRecord, query: VaultTagQuery): boolean {
  const { namePart = '' } = query;
  return (
    hasTags(vault.tags, query) &&
    (query.withoutAnyTag !== true || vault.tags.length === 0) &&
    vault.name.toLowerCase().includes(namePart.toLowerCase()) &&
    (query.objectType === undefined || vault.objectType === query.objectType)
  );
}

function invalid(reason: string): Refusal {
  return new Refusal('invalid-tags', { reason });
}
