// The conformance suite of VaultStore on the memory implementation.

import { MemoryVaultStore } from '../../engine/memory/vault-store.ts';
import { vaultStoreConformance } from '../conformance/vault-store.ts';

vaultStoreConformance('memory', (body) => body(new MemoryVaultStore()));
