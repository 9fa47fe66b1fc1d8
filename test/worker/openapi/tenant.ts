// A project of its own for each test, and what requests need to exist in it. Tokens are made with the deployment's secret:
// a test that walks hundreds of operations has no time for as many logins.

import { env } from 'cloudflare:workers';
import type { Env } from '../../../worker/env.ts';
import { type Claims, signToken } from '../../../worker/tokens.ts';
import { Api, type Json } from '../api.ts';
import { claimsOf } from '../http-fakes.ts';

/** The newest version of Cinder's calls that the service speaks, as clients ask for it. */
export const NEWEST = { 'OpenStack-API-Version': 'volume latest' };

/** A token of the deployment under test. */
export const tokenFor = (projectId: string, changes: Partial<Claims> = {}): Promise<string> => {
  const id = `token-${crypto.randomUUID()}`;
  return signToken(claimsOf(projectId, { id, userId: 'demo1', ...changes }), (env as unknown as Env).EVS_SECRET!);
};

let count = 0;

/** What of a tenant's world a refused request could have changed. */
const LISTS = [
  '/evs/v3/{p}/volumes/detail',
  '/evs/v3/{p}/snapshots/detail',
  '/evs/v3/{p}/backups/detail',
  '/evs/v3/{p}/volume-transfers/detail',
  '/evs/v3/{p}/messages',
  '/evs/v3/{p}/types?is_public=None',
  '/evs/v3/{p}/os-quota-sets/{p}?usage=True',
  '/cbr/v3/{p}/vaults',
  '/cbr/v3/{p}/policies',
  '/vbs/v2/{p}/backuppolicy',
  '/cbr/v3/{p}/operation-logs',
  '/ecs/v2.1/{p}/servers/detail',
  '/sim/v1/zones',
];
const ACCOUNT_LISTS = ['projects', 'users', 'roles', 'domains', 'role_assignments'].map((name) => `/iam/v3/${name}`);

/** Ids by kind, of a project whose things are only looked at. */
type Remembered = Map<string, Promise<string>>;
let shared: { readonly projectId: string; readonly ids: Remembered } | null = null;

/** A project that nobody has used yet. */
function newProjectId(): string {
  count += 1;
  return `f${String(count).padStart(31, '0')}`;
}

export class Tenant {
  readonly api: Api;
  readonly roles: readonly string[];
  readonly #ids: Remembered | null;

  private constructor(api: Api, roles: readonly string[], ids: Remembered | null) {
    this.api = api;
    this.roles = roles;
    this.#ids = ids;
  }

  /** A caller in a project of its own. */
  static async fresh(roles: readonly string[] = ['member']): Promise<Tenant> {
    const projectId = newProjectId();
    return new Tenant(Api.withToken(projectId, await tokenFor(projectId, { roles })), roles, null);
  }

  /** A caller in the one project for requests that change nothing: what they need is made once. */
  static async shared(roles: readonly string[] = ['member']): Promise<Tenant> {
    shared ??= { projectId: newProjectId(), ids: new Map() };
    const { projectId, ids } = shared;
    return new Tenant(Api.withToken(projectId, await tokenFor(projectId, { roles })), roles, ids);
  }

  /** Another caller in the same project. */
  async as(...roles: string[]): Promise<Tenant> {
    const { projectId } = this.api;
    return new Tenant(Api.withToken(projectId, await tokenFor(projectId, { roles })), roles, this.#ids);
  }

  /** What was made before, or made now. */
  #once(kind: string, make: () => Promise<string>): Promise<string> {
    if (this.#ids === null) return make();
    const known = this.#ids.get(kind);
    if (known !== undefined) return known;
    const made = make();
    this.#ids.set(kind, made);
    return made;
  }

  /** Everything that lists show, as text: equal before and after a request that was refused. */
  async state(): Promise<string> {
    const lists = this.roles.includes('admin') ? [...LISTS, ...ACCOUNT_LISTS] : LISTS;
    const parts: string[] = [];
    for (const path of lists) {
      const response = await this.api.send('GET', path.replaceAll('{p}', this.api.projectId), undefined, NEWEST);
      parts.push(`${path} ${response.status} ${await response.text()}`);
    }
    return parts.join('\n');
  }

  /** A request that has to succeed, at the newest version of Cinder's calls; its JSON. */
  async ask(method: string, path: string, body?: unknown): Promise<Json> {
    const response = await this.api.send(method, path, body, NEWEST);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return text === '' ? null : JSON.parse(text);
  }

  /** A volume that stays as it is. */
  volume(): Promise<string> {
    return this.#once('volume', () => this.ownVolume());
  }

  /** A volume that nothing else rests on. */
  async ownVolume(fields: Readonly<Record<string, unknown>> = {}): Promise<string> {
    return (await this.api.createVolume({ name: 'v', metadata: { key: 'value' }, ...fields })).id;
  }

  snapshot(): Promise<string> {
    return this.#once('snapshot', async () => this.snapshotOf(await this.volume()));
  }

  async snapshotOf(volumeId: string): Promise<string> {
    const snapshot = { volume_id: volumeId, name: 's', metadata: { key: 'value' } };
    const made = await this.ask('POST', '/evs/v3/{p}/snapshots', { snapshot });
    return (await this.api.settled(`/evs/v3/{p}/snapshots/${made.snapshot.id}`, 'snapshot')).id;
  }

  backup(): Promise<string> {
    return this.#once('backup', async () => this.backupOf(await this.volume()));
  }

  async backupOf(volumeId: string): Promise<string> {
    return (await this.api.createBackup(volumeId)).id;
  }

  /** The id and the key of a transfer. */
  async transfer(): Promise<{ id: string; key: string }> {
    const body = { transfer: { volume_id: await this.ownVolume(), name: 't' } };
    const { transfer } = await this.ask('POST', '/evs/v3/{p}/os-volume-transfer', body);
    return { id: transfer.id, key: transfer.auth_key };
  }

  vault(): Promise<string> {
    return this.#once('vault', () => this.vaultOf([]));
  }

  async vaultOf(resources: readonly string[]): Promise<string> {
    const vault = {
      name: 'vault',
      billing: { size: 100, object_type: 'disk', protect_type: 'backup', consistent_level: 'crash_consistent' },
      resources: resources.map((id) => ({ id, type: 'OS::Cinder::Volume' })),
    };
    return (await this.ask('POST', '/cbr/v3/{p}/vaults', { vault })).vault.id;
  }

  policy(): Promise<string> {
    return this.#once('policy', () => this.#newPolicy());
  }

  async #newPolicy(): Promise<string> {
    const policy = {
      name: 'policy',
      operation_type: 'backup',
      operation_definition: {},
      trigger: { properties: { pattern: ['FREQ=DAILY;BYHOUR=14;BYMINUTE=00'] } },
    };
    return (await this.ask('POST', '/cbr/v3/{p}/policies', { policy })).policy.id;
  }

  vbsPolicy(): Promise<string> {
    return this.#once('vbsPolicy', () => this.#newVbsPolicy());
  }

  async #newVbsPolicy(): Promise<string> {
    const policy = {
      backup_policy_name: 'policy',
      scheduled_policy: { start_time: '02:00', frequency: 1, rentention_num: 7, status: 'ON' },
      tags: [{ key: 'key', value: 'value' }],
    };
    return (await this.ask('POST', '/vbs/v2/{p}/backuppolicy', policy)).backup_policy_id;
  }

  checkpoint(): Promise<string> {
    return this.#once('checkpoint', () => this.#newCheckpoint());
  }

  async #newCheckpoint(): Promise<string> {
    const vaultId = await this.vaultOf([await this.ownVolume()]);
    const { checkpoint } = await this.ask('POST', '/cbr/v3/{p}/checkpoints', { checkpoint: { vault_id: vaultId } });
    await this.api.settled(`/cbr/v3/{p}/checkpoints/${checkpoint.id}`, 'checkpoint');
    return checkpoint.id;
  }

  server(): Promise<string> {
    return this.#once('server', () => this.serverWith([]));
  }

  async serverWith(dataVolumes: readonly string[]): Promise<string> {
    const root = await this.ownVolume({ size: 40 });
    const server = { name: 'server', root_volume: { id: root }, data_volumes: dataVolumes.map((id) => ({ id })) };
    return (await this.ask('POST', '/ecs/v1/{p}/cloudservers', { server })).serverIds[0];
  }

  /** The id of a message: a backup of a damaged volume fails, and says so. */
  message(): Promise<string> {
    return this.#once('message', () => this.#newMessage());
  }

  async #newMessage(): Promise<string> {
    const volumeId = await this.ownVolume();
    await this.api.write(volumeId, 0, new Uint8Array(65_536).fill(7));
    await this.api.damage(volumeId);
    await this.ask('POST', '/evs/v3/{p}/backups', { backup: { volume_id: volumeId } });
    return await this.api.until('a message', async () => {
      const response = await this.api.send('GET', '/evs/v3/{p}/messages', undefined, NEWEST);
      return ((await response.json()) as Json).messages[0]?.id ?? null;
    });
  }

  /** The id of a job that has ended. */
  job(): Promise<string> {
    return this.#once('job', () => this.#newJob());
  }

  async #newJob(): Promise<string> {
    const volume = { availability_zone: 'eu-de-01', volume_type: 'SSD', size: 10 };
    const { job_id: id } = await this.ask('POST', '/evs/v2/{p}/cloudvolumes', { volume });
    await this.api.until(`job ${id}`, async () => {
      const job = await this.ask('GET', `/evs/v1/{p}/jobs/${id}`);
      return job.status === 'SUCCESS' ? true : null;
    });
    return id;
  }
}
