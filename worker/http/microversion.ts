// Cinder microversions: `OpenStack-API-Version: volume 3.N`. Fields and calls appear with their version, never before.

import { ApiError, badRequest } from './errors.ts';

export const MICROVERSION_HEADER = 'OpenStack-API-Version';

/** Highest 3.N that is honoured; the vendor's documents say 3.50 as well. */
export const MICROVERSION_MAX = 50;

/** N of `volume 3.N` in the header; 0 without one. Other services may be named in the same header. */
export function parseMicroversion(header: string | undefined): number {
  for (const part of (header ?? '').split(',')) {
    const [service, version] = part.trim().split(/\s+/);
    if (service !== 'volume' && service !== 'block-storage') continue;
    if (version === 'latest') return MICROVERSION_MAX;
    const match = /^(\d+)\.(\d+)$/.exec(version ?? '');
    if (match === null)
      throw badRequest(`API Version String ${version} is of invalid format. Must be of format MajorNum.MinorNum.`);
    const minor = Number(match[2]);
    if (match[1] !== '3' || minor > MICROVERSION_MAX) {
      throw new ApiError(
        406,
        `Version ${version} is not supported by the API. Minimum is 3.0 and maximum is 3.${MICROVERSION_MAX}.`,
      );
    }
    return minor;
  }
  return 0;
}
