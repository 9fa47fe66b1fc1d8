// Cinder microversions: `OpenStack-API-Version: volume 3.N`. Fields and calls appear with their version, never before.

import { ApiError, badRequest } from './errors.ts';

export const MICROVERSION_HEADER = 'OpenStack-API-Version';

/** Highest 3.N that is known: Cinder's own when this was written. */
export const MICROVERSION_KNOWN = 70;

/**
 * N of `volume 3.N` in the header; 0 without one. Other services may be named in the same header.
 * @param max Highest N of this deployment: a version above it is 406.
 */
export function parseMicroversion(header: string | undefined, max: number): number {
  for (const part of (header ?? '').split(',')) {
    const [service, version] = part.trim().split(/\s+/);
    if (service !== 'volume' && service !== 'block-storage') continue;
    if (version === 'latest') return max;
    const match = /^([1-9]\d*)\.([1-9]\d*|0)$/.exec(version ?? '');
    if (match === null)
      throw badRequest(
        `API Version String ${(version ?? '').slice(0, 64)} is of invalid format. Must be of format MajorNum.MinorNum.`,
      );
    const minor = Number(match[2]);
    if (match[1] !== '3' || minor > max) {
      throw new ApiError(
        406,
        `Version ${version} is not supported by the API. Minimum is 3.0 and maximum is 3.${max}.`,
      );
    }
    return minor;
  }
  return 0;
}
