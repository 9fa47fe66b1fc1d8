// Settings of all projects: volume types with what belongs to them, quality of service, default quotas, and where a transfer
// was offered. They are kept by one Project object that is nobody's project.

import { Refusal } from '../faults.ts';
import type {
  Catalog,
  EncryptionInput,
  MetadataChange,
  QosSpecs,
  TypeEncryption,
  VolumeType,
  VolumeTypeInput,
} from './contract.ts';
import type { Control } from './control.ts';
import { changedPairs, checkMetadata, checkName, checkPrintable } from './fields.ts';
import { QOS_SPECS_MAX, TYPE_WITHDRAWN_MS, TYPES_MAX } from './limits.ts';
import { checkedLimits, limitsRenamed } from './quotas.ts';
import type { TypeRecord } from './records.ts';
import { builtInTypes } from './types.ts';

/** The object's name. No project can have it: ids come from paths. */
export const CATALOG_ID = '/catalog';

const QUOTA_DEFAULTS_KEY = 'quotaDefaults';

/** Everything that projects decide by. */
export function catalog(control: Control): Catalog {
  const types = control.types.all().filter((type) => !isWithdrawn(type));
  return { types: types.map(bare), quotaDefaults: quotaDefaults(control) };
}

function quotaDefaults(control: Control): Readonly<Record<string, number>> {
  const [row] = control.store.rows('SELECT value FROM meta WHERE name = ?', QUOTA_DEFAULTS_KEY);
  return row === undefined ? {} : JSON.parse(String(row.value));
}

/** The contract's view of a record. */
function bare({ withdrawnUntilMs: _until, ...type }: TypeRecord): VolumeType {
  return type;
}

function isWithdrawn({ withdrawnUntilMs = 0 }: TypeRecord): boolean {
  return withdrawnUntilMs > Date.now();
}

/**
 * Takes a type out of the catalog for a while: once each project has the catalog without it, nobody makes a volume of it,
 * and those that there are can be counted. By itself it comes back, should whoever asked not.
 */
export function withdrawType(control: Control, id: string): null {
  control.types.put({ ...changeable(control, id), withdrawnUntilMs: Date.now() + TYPE_WITHDRAWN_MS });
  return null;
}

/** Puts it back, if it is still there. */
export function offerType(control: Control, id: string): null {
  const type = control.types.get(id);
  if (type !== null) control.types.put(bare(type));
  return null;
}

/** For what must not happen to a type that a volume has: it was withdrawn, and is so without a break. */
function withdrawn(control: Control, id: string): TypeRecord {
  const type = changeable(control, id);
  if (!isWithdrawn(type))
    throw new Refusal('conflict', { reason: `Volume type ${id} was just being used: try again.` });
  return type;
}

export function createVolumeType(control: Control, input: VolumeTypeInput): VolumeType {
  if (control.types.count() >= TYPES_MAX) throw new Refusal('conflict', { reason: `At most ${TYPES_MAX} types.` });
  return control.types.put({
    id: crypto.randomUUID(),
    name: freeName(control, input.name ?? '', null),
    description: checkPrintable(input.description ?? null),
    isPublic: input.isPublic ?? true,
    isDefault: false,
    isBuiltIn: false,
    extraSpecs: checkMetadata(input.extraSpecs ?? {}),
    qosSpecsId: null,
    encryption: null,
    projectIds: [],
  });
}

export function updateVolumeType(control: Control, id: string, input: VolumeTypeInput): VolumeType {
  const type = changeable(control, id);
  const { name, description, isPublic } = input;
  if (name === undefined && description == null && isPublic === undefined) {
    throw new Refusal('invalid-request', { reason: 'Specify volume type name, description, is_public or several.' });
  }
  const renamed = name === undefined ? type.name : freeName(control, name, id);
  const limits = limitsRenamed(quotaDefaults(control), type.name, renamed);
  control.store.setMeta(QUOTA_DEFAULTS_KEY, JSON.stringify(limits));
  return put(control, {
    ...type,
    name: renamed,
    description: description == null ? type.description : checkPrintable(description),
    isPublic: isPublic ?? type.isPublic,
  });
}

/** No volume has it: see withdrawType. */
export function deleteVolumeType(control: Control, id: string): null {
  control.types.delete(withdrawn(control, id).id);
  return null;
}

export function changeExtraSpecs(
  control: Control,
  typeId: string,
  change: { readonly set?: Readonly<Record<string, string>>; readonly remove?: string },
): VolumeType {
  const type = changeable(control, typeId);
  if (change.remove !== undefined && !Object.hasOwn(type.extraSpecs, change.remove)) {
    throw new Refusal('extra-spec-not-found', { id: typeId, key: change.remove });
  }
  return put(control, { ...type, extraSpecs: pairsAfter(type.extraSpecs, change) });
}

export function changeTypeAccess(control: Control, typeId: string, projectId: string, allowed: boolean): null {
  const type = changeable(control, typeId);
  if (type.isPublic) throw new Refusal('conflict', { reason: `Type ${typeId} is public: everybody has access.` });
  const has = type.projectIds.includes(projectId);
  if (has && allowed) throw new Refusal('conflict', { reason: `Project ${projectId} already has access to the type.` });
  if (!has && !allowed) throw new Refusal('type-access-not-found', { id: typeId, projectId });
  const others = type.projectIds.filter((id) => id !== projectId);
  control.types.put({ ...type, projectIds: allowed ? [...others, projectId] : others });
  return null;
}

/** The record as it is after the change, or was before its deletion. No volume has the type: see withdrawType. */
export function setTypeEncryption(
  control: Control,
  typeId: string,
  mode: 'create' | 'update' | 'delete',
  input: EncryptionInput,
): TypeEncryption {
  const type = withdrawn(control, typeId);
  const have = type.encryption;
  if (mode === 'create' && have !== null) throw new Refusal('encryption-exists', { id: typeId });
  if (mode !== 'create' && have === null) throw new Refusal('encryption-not-found', { id: typeId });
  const nowMs = control.now();
  const encryption: TypeEncryption = {
    id: have?.id ?? crypto.randomUUID(),
    provider: checkName(input.provider ?? have?.provider ?? ''),
    controlLocation: input.controlLocation ?? have?.controlLocation ?? 'front-end',
    cipher: input.cipher === undefined ? (have?.cipher ?? null) : input.cipher,
    keySizeBits: input.keySizeBits === undefined ? (have?.keySizeBits ?? null) : input.keySizeBits,
    createdMs: have?.createdMs ?? nowMs,
    updatedMs: have === null ? null : nowMs,
  };
  control.types.put({ ...type, encryption: mode === 'delete' ? null : encryption });
  return encryption;
}

export function createQosSpecs(control: Control, input: Omit<QosSpecs, 'id'>): QosSpecs {
  if (control.qosSpecs.count() >= QOS_SPECS_MAX) throw new Refusal('conflict', { reason: `At most ${QOS_SPECS_MAX}.` });
  const name = checkName(input.name);
  const taken = control.qosSpecs.all().some((specs) => specs.name === name);
  if (taken) throw new Refusal('conflict', { reason: `QoS specs ${name} already exist.` });
  const specs = checkMetadata(input.specs);
  return control.qosSpecs.put({ id: crypto.randomUUID(), name, consumer: checkName(input.consumer), specs });
}

export function changeQosSpecs(
  control: Control,
  id: string,
  change: { readonly set?: Readonly<Record<string, string>>; readonly remove?: readonly string[] },
): QosSpecs {
  const have = qosSpecs(control, id);
  const { consumer = have.consumer, ...set } = change.set ?? {};
  const missing = change.remove?.find((key) => !Object.hasOwn(have.specs, key));
  if (missing !== undefined) throw new Refusal('qos-key-not-found', { id, key: missing });
  return control.qosSpecs.put({ ...have, consumer, specs: pairsAfter(have.specs, { set, remove: change.remove }) });
}

export function deleteQosSpecs(control: Control, id: string, force: boolean): null {
  const users = typesWith(control, qosSpecs(control, id).id);
  if (users.length > 0 && !force) throw new Refusal('qos-in-use', { id });
  for (const type of users) control.types.put({ ...type, qosSpecsId: null });
  control.qosSpecs.delete(id);
  return null;
}

export function associateQosSpecs(control: Control, id: string, typeId: string | null, associated: boolean): null {
  qosSpecs(control, id);
  const types = typeId === null ? typesWith(control, id) : [changeable(control, typeId)];
  for (const type of types) {
    if (associated && type.qosSpecsId !== null && type.qosSpecsId !== id) {
      throw new Refusal('invalid-request', { reason: `Type ${type.id} already has other QoS specs.` });
    }
    control.types.put({ ...type, qosSpecsId: associated ? id : null });
  }
  return null;
}

export function setQuotaDefaults(control: Control, limits: Readonly<Record<string, number>>): null {
  control.catalog = catalog(control);
  const next = checkedLimits(control, control.catalog.quotaDefaults, limits);
  control.store.setMeta(QUOTA_DEFAULTS_KEY, JSON.stringify(next));
  return null;
}

function qosSpecs(control: Control, id: string): QosSpecs {
  const specs = control.qosSpecs.get(id);
  if (specs === null) throw new Refusal('qos-not-found', { id });
  return specs;
}

function put(control: Control, type: TypeRecord): VolumeType {
  return bare(control.types.put(type));
}

function typesWith(control: Control, qosSpecsId: string): TypeRecord[] {
  return control.types.by('qosSpecsId', qosSpecsId);
}

/** A type that is not one of the vendor's. */
function changeable(control: Control, id: string): TypeRecord {
  const type = control.types.get(id);
  if (type !== null) return type;
  const builtIn = builtInTypes(control.zones).find((known) => known.id === id);
  if (builtIn !== undefined) throw new Refusal('type-built-in', { name: builtIn.name });
  throw new Refusal('type-not-found', { type: id });
}

function freeName(control: Control, wanted: string, ownId: string | null): string {
  const name = checkName(wanted.trim());
  if (name === '') throw new Refusal('invalid-request', { reason: 'A volume type needs a name.' });
  const all = [...builtInTypes(control.zones), ...control.types.all()];
  if (all.some((type) => type.name === name && type.id !== ownId)) throw new Refusal('type-exists', { name });
  return name;
}

function pairsAfter(
  have: Readonly<Record<string, string>>,
  change: { readonly set?: Readonly<Record<string, string>>; readonly remove?: string | readonly string[] | undefined },
): Readonly<Record<string, string>> {
  const remove = change.remove === undefined ? [] : [change.remove].flat();
  return checkMetadata(changedPairs(have, { set: change.set, remove } satisfies MetadataChange));
}
