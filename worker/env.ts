// The bindings and settings of a deployment (wrangler.toml; the launcher gives the same locally).

import type { Disk } from './disk/object.ts';
import type { Identity } from './identity/object.ts';
import type { Project } from './project/object.ts';
import type { Vault } from './vault/object.ts';
import type { Zone } from './zone/object.ts';

export interface Env {
  readonly IDENTITY: DurableObjectNamespace<Identity>;
  readonly PROJECT: DurableObjectNamespace<Project>;
  readonly DISK: DurableObjectNamespace<Disk>;
  readonly ZONE: DurableObjectNamespace<Zone>;
  readonly VAULT: DurableObjectNamespace<Vault>;
  /** Object storage of the backup location. */
  readonly OBS: R2Bucket;
  /** Signs tokens. A deployment without it refuses to serve and says so. */
  readonly EVS_SECRET?: string;
  /** "true" in a simulation: faults and the clock may be driven. Anything else refuses /sim/v1. */
  readonly EVS_SIMULATION?: string;
  /** JSON of AccountsConfig (worker/config.ts). */
  readonly EVS_ACCOUNTS?: string;
  /** Region name; `eu-de` when unset. */
  readonly EVS_REGION?: string;
  /** Highest Cinder microversion that is offered, `3.50`; the highest known one when unset. */
  readonly EVS_MICROVERSION_MAX?: string;
  /** JSON list of {name, locationHint?}; the first is the default zone. */
  readonly EVS_ZONES?: string;
}
