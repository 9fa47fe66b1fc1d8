// Every key of the repository in object storage, in one place. UUIDs, numbers and fixed words only: nothing that a user
// named, nothing that is named by content, and a generation in each of them (docs/repository-format.md).

import { EngineError } from '../errors.ts';
import type { Obs } from '../ports.ts';
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

/** The UUID that a key ends in, or null. */
export function uuidOf(key: string): string | null {
  const last = key.slice(key.lastIndexOf('/') + 1);
  return UUID.test(last) ? last : null;
}

/** Project ids are UUIDs without dashes in some deployments and words in a simulation; never a path of their own. */
function checkId(what: string, text: string): string {
  if (!/^[0-9A-Za-z_-]{1,64}$/.test(text)) throw new EngineError('invalid', `${what} cannot be part of a key`);
  return text;
}

/** All vaults of a project begin so. */
export function projectPrefix(projectId: string): string {
  return `evs1/${checkId('project id', projectId)}/`;
}

/** What a generation has many of. */
export type Folder = 'blocks' | 'pages' | 'manifest' | 'deleted' | 'condemned' | 'settings';

/** A pack as its key names it. */
export interface PackName {
  readonly generation: number;
  readonly kind: Kind;
  readonly uuid: string;
}

/** The keys of one vault. */
export class VaultKeys {
  /** Everything of the vault begins so. */
  readonly prefix: string;

  constructor(projectId: string, vaultId: string) {
    this.prefix = `${projectPrefix(projectId)}${checkId('vault id', vaultId)}/`;
  }

  pack(generation: number, kind: Kind, uuid: string): string {
    return this.folder(generation, kind === Kind.block ? 'blocks' : 'pages') + uuid;
  }

  /** A backup's manifest, or the decision that there will never be one. */
  manifest(generation: number, backupId: string): string {
    return this.folder(generation, 'manifest') + backupId;
  }

  /** The decision that a backup is deleted; there before its manifest goes, and for ever after. */
  deleted(generation: number, backupId: string): string {
    return this.folder(generation, 'deleted') + backupId;
  }

  /** The names of the packs that an epoch's prune is about to delete. */
  condemned(generation: number, epoch: number): string {
    return `${this.prefix}${digits(generation)}/condemned/${digits(epoch)}`;
  }

  /** The manifests of earlier generations that this one took over. There as soon as the generation is complete. */
  inherited(generation: number): string {
    return `${this.prefix}${digits(generation)}/inherited`;
  }

  /** How the project has set the vault up; the one with the largest revision counts. */
  settings(generation: number, revision: number): string {
    return this.folder(generation, 'settings') + digits(revision);
  }

  /** The intent to delete the whole vault, before it is decided. */
  closing(generation: number): string {
    return `${this.prefix}${digits(generation)}/closing`;
  }

  /** What all keys of one kind and generation begin with. */
  folder(generation: number, folder: Folder): string {
    return `${this.prefix}${digits(generation)}/${folder}/`;
  }

  /** The pack that a key names, or null when it names none. */
  packNamed(key: string): PackName | null {
    if (!key.startsWith(this.prefix)) return null;
    const [generation = '', folder, uuid = '', ...rest] = key.slice(this.prefix.length).split('/');
    if (!/^\d{10}$/.test(generation) || !UUID.test(uuid) || rest.length > 0) return null;
    if (folder !== 'blocks' && folder !== 'pages') return null;
    return { generation: Number(generation), kind: folder === 'blocks' ? Kind.block : Kind.page, uuid };
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

/** All keys under a prefix, in order; memory grows with their number. */
export async function listAll(obs: Obs, prefix: string): Promise<string[]> {
  const all: string[] = [];
  for (let cursor: string | null = null; ; ) {
    const page: Awaited<ReturnType<Obs['list']>> = await obs.list(prefix, cursor);
    all.push(...page.keys);
    if (page.cursor === null) return all;
    cursor = page.cursor;
  }
}
