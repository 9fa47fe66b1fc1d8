// The part of the Project object that tells what backups cost.

import type * as C from './contract.ts';
import { backupCost, vaultCost } from './cost.ts';
import { previewCost } from './cost-preview.ts';
import { OperationsObject } from './operations-object.ts';

type Caller = C.Caller;

export class CostObject extends OperationsObject implements C.CostRpc {
  async backupCost(caller: Caller, id: string) {
    return this.read(caller, (control) => backupCost(control, caller, id));
  }
  async vaultCost(caller: Caller, id: string) {
    return this.read(caller, (control) => vaultCost(control, id));
  }
  async previewCost(caller: Caller, input: C.CostPreviewInput) {
    return this.read(caller, (control) => previewCost(control, input));
  }
}
