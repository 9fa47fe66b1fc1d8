// What administrators settle for all projects: volume types, their quality of service, default quotas.

import type { Outcome } from '../../faults.ts';
import type { Caller } from './common.ts';

/** How disks of a type are to be encrypted. Kept for those who ask; disks of such a type are refused. */
export interface TypeEncryption {
  readonly id: string;
  readonly provider: string;
  readonly controlLocation: 'front-end' | 'back-end';
  readonly cipher: string | null;
  readonly keySizeBits: number | null;
  readonly createdMs: number;
  readonly updatedMs: number | null;
}

export interface VolumeType {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly isPublic: boolean;
  readonly isDefault: boolean;
  /** One of the vendor's: it cannot be changed. */
  readonly isBuiltIn: boolean;
  readonly extraSpecs: Readonly<Record<string, string>>;
  readonly qosSpecsId: string | null;
  readonly encryption: TypeEncryption | null;
  /** Who may use it when it is not public. */
  readonly projectIds: readonly string[];
}

export interface VolumeTypeInput {
  readonly name?: string | undefined;
  readonly description?: string | null | undefined;
  readonly isPublic?: boolean | undefined;
  readonly extraSpecs?: Readonly<Record<string, string>> | undefined;
}

export type EncryptionInput = Partial<Pick<TypeEncryption, 'provider' | 'controlLocation' | 'cipher' | 'keySizeBits'>>;

export interface QosSpecs {
  readonly id: string;
  readonly name: string;
  readonly consumer: string;
  readonly specs: Readonly<Record<string, string>>;
}

/** What a project needs to know of the settings of all. */
export interface Catalog {
  /** Types besides the built-in ones. */
  readonly types: readonly VolumeType[];
  /** Limits in place of the built-in ones, by the names of the quota API. */
  readonly quotaDefaults: Readonly<Record<string, number>>;
}

/**
 * RPC of the one Project object that is nobody's project (its name is CATALOG_ID): the settings of all projects.
 * Changes are for administrators; the caller's token was checked by its own project before.
 */
export interface CatalogRpc {
  catalog(): Promise<Catalog>;
  createVolumeType(caller: Caller, input: VolumeTypeInput): Promise<Outcome<VolumeType>>;
  updateVolumeType(caller: Caller, id: string, input: VolumeTypeInput): Promise<Outcome<VolumeType>>;
  /** Out of the catalog for a while, so that it can be seen whether a volume has it; back again. */
  withdrawType(caller: Caller, id: string): Promise<Outcome<null>>;
  offerType(caller: Caller, id: string): Promise<Outcome<null>>;
  /** It was withdrawn, and no volume has it. */
  deleteVolumeType(caller: Caller, id: string): Promise<Outcome<null>>;
  changeExtraSpecs(
    caller: Caller,
    typeId: string,
    change: { readonly set?: Readonly<Record<string, string>>; readonly remove?: string },
  ): Promise<Outcome<VolumeType>>;
  changeTypeAccess(caller: Caller, typeId: string, projectId: string, allowed: boolean): Promise<Outcome<null>>;
  /** As for deleteVolumeType. */
  setTypeEncryption(
    caller: Caller,
    typeId: string,
    mode: 'create' | 'update' | 'delete',
    input: EncryptionInput,
  ): Promise<Outcome<TypeEncryption>>;
  listQosSpecs(caller: Caller): Promise<Outcome<readonly QosSpecs[]>>;
  createQosSpecs(caller: Caller, input: Omit<QosSpecs, 'id'>): Promise<Outcome<QosSpecs>>;
  changeQosSpecs(
    caller: Caller,
    id: string,
    change: { readonly set?: Readonly<Record<string, string>>; readonly remove?: readonly string[] },
  ): Promise<Outcome<QosSpecs>>;
  /** With types that use it only by force; they lose it. */
  deleteQosSpecs(caller: Caller, id: string, force: boolean): Promise<Outcome<null>>;
  /** A null type: all types that have these specs lose them. */
  associateQosSpecs(caller: Caller, id: string, typeId: string | null, associated: boolean): Promise<Outcome<null>>;
  setQuotaDefaults(caller: Caller, limits: Readonly<Record<string, number>>): Promise<Outcome<null>>;
  /** Where a transfer is offered: transfers are known by their id alone. */
  rememberTransfer(transferId: string, projectId: string): Promise<void>;
  transferProject(transferId: string): Promise<string | null>;
  forgetTransfer(transferId: string): Promise<void>;
}
