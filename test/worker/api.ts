// A small client of the public HTTP API for tests in workerd, as a script of a user would have one: log in, make disks,
// put bytes, take snapshots and backups, each waited for. Every request goes through the worker's own fetch.

import { exports } from 'cloudflare:workers';

/** Answers are looked into without declaring them again. */
// biome-ignore lint/suspicious/noExplicitAny: the tests read answers as a script would
export type Json = any;

const ORIGIN = 'http://edge.test';
const DEADLINE_MS = 15_000;

/** The worker under test; nothing declares the type of its binding. */
const worker = (exports as unknown as { default: Fetcher }).default;

export class Api {
  readonly projectId: string;
  readonly #token: string;

  private constructor(projectId: string, token: string) {
    this.projectId = projectId;
    this.#token = token;
  }

  static async login(name: string): Promise<Api> {
    const domain = { id: 'default' };
    const auth = {
      identity: { methods: ['password'], password: { user: { name, domain, password: 'secret' } } },
      scope: { project: { name, domain } },
    };
    const response = await worker.fetch(`${ORIGIN}/iam/v3/auth/tokens`, {
      method: 'POST',
      body: JSON.stringify({ auth }),
    });
    const { token } = await response.json<Json>();
    return new Api(token.project.id, response.headers.get('X-Subject-Token') ?? '');
  }

  /** A caller with a token that a test made itself. */
  static withToken(projectId: string, token: string): Api {
    return new Api(projectId, token);
  }

  /** A request as it is; `{p}` stands for the project. */
  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const isBytes = body instanceof Uint8Array;
    return await worker.fetch(ORIGIN + path.replace('{p}', this.projectId), {
      method,
      headers: {
        'X-Auth-Token': this.#token,
        'OpenStack-API-Version': 'volume 3.50',
        ...(isBytes ? { 'Content-Length': String(body.byteLength) } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isBytes ? (body as Uint8Array<ArrayBuffer>) : JSON.stringify(body) }),
    });
  }

  /** A request whose body does not say how long it is. */
  async sendStream(method: string, path: string, body: ReadableStream): Promise<Response> {
    const headers = { 'X-Auth-Token': this.#token };
    return await worker.fetch(ORIGIN + path.replace('{p}', this.projectId), { method, headers, body });
  }

  /** A request that has to succeed; its JSON. */
  async ask(method: string, path: string, body?: unknown): Promise<Json> {
    const response = await this.send(method, path, body);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return text === '' ? null : JSON.parse(text);
  }

  /** Status and body of a request that may be refused. */
  async answer(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> {
    const response = await this.send(method, path, body);
    return { status: response.status, text: await response.text() };
  }

  /** Asks until `find` finds something. */
  async until<T>(what: string, find: () => Promise<T | null>): Promise<T> {
    for (const end = Date.now() + DEADLINE_MS; Date.now() < end; ) {
      const found = await find();
      if (found !== null) return found;
      await scheduler.wait(15);
    }
    throw new Error(`waited in vain for ${what}`);
  }

  /** Waits until the thing has the status. */
  async settled(path: string, key: string, status = 'available'): Promise<Json> {
    return await this.until(`${path} to be ${status}`, async () => {
      const thing = (await this.ask('GET', path))[key];
      if (thing.status !== status && String(thing.status).startsWith('error')) {
        throw new Error(`${path} is ${JSON.stringify(thing)}`);
      }
      return thing.status === status ? thing : null;
    });
  }

  async gone(path: string): Promise<void> {
    await this.until(`${path} to be gone`, async () => ((await this.send('GET', path)).status === 404 ? true : null));
  }

  /** A disk of 1 GiB that is available. */
  async createVolume(fields: Readonly<Record<string, unknown>> = {}): Promise<Json> {
    const { volume } = await this.ask('POST', '/evs/v3/{p}/volumes', { volume: { size: 1, ...fields } });
    return await this.volume(volume.id);
  }

  async volume(id: string): Promise<Json> {
    return await this.settled(`/evs/v3/{p}/volumes/${id}`, 'volume');
  }

  /** The disk as it is, whatever its status. */
  async volumeAs(id: string): Promise<Json> {
    return (await this.ask('GET', `/evs/v3/{p}/volumes/${id}`)).volume;
  }

  async deleteVolume(id: string): Promise<void> {
    // The vendor's form: snapshots go with the disk.
    await this.ask('DELETE', `/evs/v2/{p}/cloudvolumes/${id}`);
    await this.gone(`/evs/v2/{p}/cloudvolumes/${id}`);
  }

  async createSnapshot(volumeId: string): Promise<Json> {
    const body = { snapshot: { volume_id: volumeId, name: 's' } };
    const { snapshot } = await this.ask('POST', '/evs/v2/{p}/cloudsnapshots', body);
    return await this.settled(`/evs/v2/{p}/cloudsnapshots/${snapshot.id}`, 'snapshot');
  }

  /** Status and body of the rollback's acceptance; when accepted, waits for its end. */
  async rollback(snapshotId: string, volumeId: string): Promise<{ status: number; text: string }> {
    const path = `/evs/v2/{p}/cloudsnapshots/${snapshotId}/rollback`;
    const answer = await this.answer('POST', path, { rollback: { volume_id: volumeId } });
    if (answer.status === 202) {
      await this.volume(volumeId);
      await this.settled(`/evs/v3/{p}/snapshots/${snapshotId}`, 'snapshot');
    }
    return answer;
  }

  async createBackup(volumeId: string): Promise<Json> {
    const { backup } = await this.ask('POST', '/evs/v3/{p}/backups', { backup: { volume_id: volumeId, name: 'b' } });
    return await this.backup(backup.id);
  }

  async backup(id: string): Promise<Json> {
    return await this.settled(`/evs/v3/{p}/backups/${id}`, 'backup');
  }

  async deleteBackup(id: string): Promise<void> {
    await this.ask('DELETE', `/evs/v3/{p}/backups/${id}`);
    await this.gone(`/evs/v3/{p}/backups/${id}`);
  }

  /** Over a disk that exists. */
  async restore(backupId: string, volumeId: string): Promise<void> {
    await this.ask('POST', `/evs/v3/{p}/backups/${backupId}/restore`, { restore: { volume_id: volumeId } });
    await this.volume(volumeId);
    await this.backup(backupId);
  }

  async write(volumeId: string, offset: number, bytes: Uint8Array): Promise<void> {
    const headers = { 'Content-Range': `bytes ${offset}-${offset + bytes.length - 1}/*` };
    const response = await this.send('PUT', `/data/v1/{p}/volumes/${volumeId}`, bytes, headers);
    if (response.status !== 204) throw new Error(`write: ${response.status} ${await response.text()}`);
  }

  /** The first `length` bytes of `volumes/ID`, `snapshots/ID` or `backups/ID`, or the answer that refuses them. */
  async get(place: string, length: number): Promise<Response> {
    return await this.send('GET', `/data/v1/{p}/${place}`, undefined, { Range: `bytes=0-${length - 1}` });
  }

  async read(place: string, length: number): Promise<Uint8Array> {
    const response = await this.get(place, length);
    if (response.status !== 206) throw new Error(`read ${place}: ${response.status} ${await response.text()}`);
    return new Uint8Array(await response.arrayBuffer());
  }

  /** Simulation: a zone's health. Disks ask for it at most every 100 ms. */
  async setZone(zone: string, state: 'up' | 'down'): Promise<void> {
    await this.ask('PUT', `/sim/v1/zones/${zone}`, { state });
    await scheduler.wait(150);
  }

  /** Simulation: flips a bit in everything that the disk stores. */
  async damage(volumeId: string): Promise<number> {
    const body = { target: { kind: 'all' }, fault: 'flip', count: 1_000_000 };
    return (await this.ask('POST', `/sim/v1/{p}/volumes/${volumeId}/damage`, body)).hit;
  }

  /** Simulation: moves the project's clock. */
  async advance(seconds: number): Promise<Json> {
    return await this.ask('POST', '/sim/v1/{p}/clock', { advance_seconds: seconds });
  }
}
