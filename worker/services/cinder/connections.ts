// How the bytes of a volume are reached. There is no iSCSI or RBD behind it: what a connector gets is the address of the
// data service.

import type { Call } from '../../http/operation.ts';

/** The name that connectors know this service's way by. */
const DRIVER_VOLUME_TYPE = 'edge-evs';

/** Connection info of a volume that exists. */
export async function connectionTo(call: Call<unknown, unknown>, volumeId: string): Promise<Record<string, unknown>> {
  const volume = await call.find((project, caller) => project.getVolume(caller, volumeId));
  return {
    driver_volume_type: DRIVER_VOLUME_TYPE,
    data: {
      url: `${call.endpoints.of('data')}/v1/${volume.projectId}/volumes/${volume.id}`,
      access_mode: volume.readonly ? 'ro' : 'rw',
      encrypted: false,
      discard: false,
    },
  };
}
