// What local development has unless a flag says otherwise (section 6 of the architecture).

export const HOST = '127.0.0.1';
export const DEFAULT_PORT = 8787;
export const DEFAULT_STATE_FOLDER = '.edge-evs';
export const DEFAULT_REGION = 'eu-de';

/** Three zones, named after the region. */
export const defaultZones = (region: string): string[] => ['01', '02', '03'].map((number) => `${region}-${number}`);
/** The one that is registered for NBD. */
export const DEFAULT_NBD_PORT = 10_809;
