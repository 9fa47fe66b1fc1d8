// Volume types as the Cinder form shows them, and finding one by what a path says.

import { z } from '@hono/zod-openapi';
import { fault } from '../../faults.ts';
import { FaultError } from '../../http/errors.ts';
import type { Call } from '../../http/operation.ts';
import { askCatalog, isAdmin } from '../../http/reach.ts';
import type { TypeEncryption, VolumeType } from '../../project/contract.ts';

export const TypeView = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    is_public: z.boolean(),
    'os-volume-type-access:is_public': z.boolean(),
    qos_specs_id: z.string().nullable().optional(),
    extra_specs: z.record(z.string(), z.string()),
  })
  .openapi('VolumeType');

export const TypeAnswer = z.strictObject({ volume_type: TypeView });

/** A volume type as lists and GET show it. */
export function typeView(type: VolumeType): z.input<typeof TypeView> {
  return { ...createdTypeView(type), qos_specs_id: type.qosSpecsId };
}

/** The same without what cannot be there yet. */
export function createdTypeView(type: VolumeType): z.input<typeof TypeView> {
  return {
    id: type.id,
    name: type.name,
    description: type.description,
    is_public: type.isPublic,
    'os-volume-type-access:is_public': type.isPublic,
    extra_specs: { ...type.extraSpecs },
  };
}

export function encryptionView(encryption: TypeEncryption) {
  return {
    encryption_id: encryption.id,
    provider: encryption.provider,
    control_location: encryption.controlLocation,
    cipher: encryption.cipher,
    key_size: encryption.keySizeBits,
  };
}

/** All types that the caller may see: an administrator also those that are private to others. */
export async function visibleTypes(call: Call<unknown, unknown>): Promise<readonly VolumeType[]> {
  const types = await call.ask((project, caller) => project.listVolumeTypes(caller));
  if (!isAdmin(call.caller)) return types;
  const known = new Set(types.map((type) => type.id));
  const all = await askCatalog(call.session, call.env, async (catalog) => ({
    ok: true,
    value: await catalog.catalog(),
  }));
  return [...types, ...all.types.filter((type) => !known.has(type.id))];
}

/** The type with this id; the refusal that there is none. */
export async function typeOf(call: Call<unknown, unknown>): Promise<VolumeType> {
  const wanted = call.params.type_id!;
  const type = (await visibleTypes(call)).find((each) => each.id === wanted);
  if (type === undefined) throw new FaultError(fault('type-not-found', { type: wanted }));
  return type;
}
