// Times as each service writes them. EVS, VBS and Cinder objects have no zone suffix: typed Go clients fail on one.

/** `2026-11-22T09:52:56.123000`: EVS, VBS and Cinder objects. */
export function plainTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}000`;
}

/** `2026-11-22T09:52:56.123Z`: jobs. */
export function jobTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** `2026-11-22T09:52:56.000000Z`: tokens. Clients parse it strictly with six digits. */
export function tokenTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}.000000Z`;
}

/** `2026-11-22T09:52:56.123+00:00`: CBR. */
export function cbrTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}+00:00`;
}
