// Every key of the repository in object storage, in one place. UUIDs, numbers and fixed words only: nothing that a user
// named, nothing that is named by content, and a generation in each of them (docs/repository-format.md).

import { EngineError } from '../errors.ts';
import { fromHex, Kind, toHex } from '../types.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Throws `invalid` for anything but a lower-case UUID with dashes: what goes into a key was checked here. */
export function checkUuid(what: string, text: string): string {
  if (!UUID.test(text)) throw new EngineError('invalid', `${what} is no UUID`);
  return text;
}

/** 16 bytes of a UUID. */
export function uuidBytes(uuid: string): Uint8Array {
  return fromHex(uuid.replaceAll('-', ''));
}

export function uuidText(bytes: Uint8Array): string {
  return toHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Project ids are UUIDs without dashes in some deployments and words in a simulation; never a path of their own. */
function checkId(what: string, text: string): string {
  if (!/^[0-9A-Za-z_-]{1,64}$/.test(text)) throw new EngineError('invalid', `${what} cannot be part of a key`);
  return text;
}

/** The keys of one vault. */
export class VaultKeys {
  /** Everything of the vault begins so. */
  readonly prefix: string;

  constructor(projectId: string, vaultId: string) {
    this.prefix = `evs1/${checkId('project id', projectId)}/${checkId('vault id', vaultId)}/`;
  }

  pack(generation: number, kind: Kind, uuid: string): string {
    return `${this.prefix}${digits(generation)}/${kind === Kind.block ? 'blocks' : 'pages'}/${uuid}`;
  }

  /** A backup's manifest, or the decision that there will never be one. */
  manifest(generation: number, backupId: string): string {
    return `${this.prefix}${digits(generation)}/manifest/${backupId}`;
  }

  /** The decision that a backup is deleted; there before its manifest goes, and for ever after. */
  deleted(generation: number, backupId: string): string {
    return `${this.prefix}${digits(generation)}/deleted/${backupId}`;
  }

  /** Reserved for prune: the names of the packs that an epoch condemned. */
  condemned(generation: number, epoch: number): string {
    return `${this.prefix}${digits(generation)}/condemned/${digits(epoch)}`;
  }

  /** Reserved for rebuild: the manifests of earlier generations that this one took over. */
  inherited(generation: number): string {
    return `${this.prefix}${digits(generation)}/inherited`;
  }

  /** Where the records of generations are: sorts behind everything else of the vault. */
  get generations(): string {
    return `${this.prefix}generation/`;
  }

  /** There from the moment when a generation began. */
  generation(generation: number): string {
    return this.generations + digits(generation);
  }

  /** The decision that the whole vault is deleted. Stays. */
  closed(): string {
    return `${this.generations}closed`;
  }
}

/** Ten digits, so that keys sort as numbers do. */
function digits(value: number): string {
  return value.toString().padStart(10, '0');
}
