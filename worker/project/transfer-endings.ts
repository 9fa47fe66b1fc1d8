// The end of accepting a transfer.

import { type Ending, heldVolume } from './held.ts';
import type { JobAction } from './records.ts';
import { received } from './transfers.ts';

export const transferEndings: Readonly<Record<Extract<JobAction, 'acceptTransfer'>, Ending>> = {
  acceptTransfer: {
    errorCode: 'EVS.2001',
    done(control, job, result) {
      const waiting = heldVolume(control, job);
      if (waiting !== null && result.handed != null) received(control, waiting, result.handed);
    },
    // It was accepted by somebody else, or taken back, in the same moment: it never was this project's.
    failed(control, job) {
      const waiting = heldVolume(control, job);
      if (waiting !== null) control.volumes.delete(waiting.id);
    },
  },
};
