// What the test worker exports for the control-plane tests: `export * from './fakes/index.ts'` in its entry.

export { IdentityOnFakes, ProjectOnFakes, ZoneOnFakes } from './control-plane.ts';
export { FakeDisk } from './fake-disk.ts';
export { FakeVault } from './fake-vault.ts';
