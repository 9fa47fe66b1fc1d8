// The keys of derive_key, computed once when the module starts. A context is a name that no other use of BLAKE3 shares:
// it keeps the digests of pages, of blocks and of root commitments apart (docs/design/0003-kernel.md).

import { DERIVE_KEY_CONTEXT, ROOT } from './flags';
import { DIGEST_BYTES, IV_AT, NODES_AT, PAGE_KEY_AT, ROOT_KEY_AT, WINDOW_AT } from './memory';
import { hashTree } from './tree';

const PAGE_CONTEXT = 'edge-evs 2026-11 page';
const ROOT_CONTEXT = 'edge-evs 2026-11 root';

/** Contexts are ASCII: one byte a character. */
function deriveKey(context: string, out: usize): void {
  const length = context.length;
  for (let i = 0; i < length; i++) store<u8>(WINDOW_AT + i, load<u16>(changetype<usize>(context) + ((<usize>i) << 1)));
  hashTree(WINDOW_AT, length, IV_AT, DERIVE_KEY_CONTEXT, 0, ROOT);
  memory.copy(out, NODES_AT, DIGEST_BYTES);
}

export function deriveKeys(): void {
  deriveKey(PAGE_CONTEXT, PAGE_KEY_AT);
  deriveKey(ROOT_CONTEXT, ROOT_KEY_AT);
}
