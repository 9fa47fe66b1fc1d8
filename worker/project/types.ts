// Volume types as a project sees them: the vendor's, which are built in, and those that administrators added.

import type { ZoneConfig } from '../config.ts';
import { Refusal } from '../faults.ts';
import type { VolumeType } from './contract.ts';
import type { Control } from './control.ts';
import { BUILT_IN_TYPES, DEFAULT_TYPE, RETYPE } from './limits.ts';

/** The vendor's types. Terraform's provider panics when the RESKEY spec is missing from any type. */
export function builtInTypes(zones: readonly ZoneConfig[]): VolumeType[] {
  const names = zones.map((zone) => zone.name).join(',');
  return BUILT_IN_TYPES.map((type) => ({
    ...type,
    isPublic: true,
    isDefault: type.name === DEFAULT_TYPE,
    isBuiltIn: true,
    extraSpecs: {
      volume_backend_name: type.name,
      'availability-zone': names,
      'RESKEY:availability_zones': names,
      'os-vendor-extended:sold_out_availability_zones': '',
    },
    qosSpecsId: null,
    encryption: null,
    projectIds: [],
  }));
}

/** The types that this project may use, the built-in ones first. */
export function usableTypes(control: Control): VolumeType[] {
  const added = control.catalog.types.filter((type) => type.isPublic || type.projectIds.includes(control.projectId));
  return [...builtInTypes(control.zones), ...added];
}

/** A type by name or by id, or the refusal; a private one of others does not exist. */
export function typeNamed(control: Control, text: string): VolumeType {
  const type = usableTypes(control).find((known) => known.name === text || known.id === text);
  if (type === undefined) throw new Refusal('type-not-found', { type: text });
  return type;
}

/** Refuses a type that is gone. Unlike typeNamed it lets a private one of others pass: a volume may already have it. */
export function mustBeKnown(control: Control, name: string): void {
  const all = [...builtInTypes(control.zones), ...control.catalog.types];
  if (!all.some((type) => type.name === name)) throw new Refusal('type-not-found', { type: name });
}

/** Refuses a type whose promise is not kept here. */
export function mustBeMakeable(type: VolumeType): VolumeType {
  if (type.encryption !== null) throw new Refusal('not-implemented', { what: 'A volume of an encrypted type' });
  return type;
}

/** Does a type make its volumes shared? */
export function isMultiattach(type: VolumeType): boolean {
  return type.extraSpecs.multiattach === '<is> True';
}

/** Refuses what the vendor's table of type changes does not have. */
export function mustBecome(from: string, to: string): void {
  const allowed = RETYPE[from];
  const isVendors = allowed !== undefined && RETYPE[to] !== undefined;
  if (from !== to && isVendors && !allowed.includes(to)) throw new Refusal('retype-direction', { from, to });
}
