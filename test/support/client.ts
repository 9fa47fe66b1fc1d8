// A client of the public HTTP API for tests that run a server: login, disks, jobs, bytes.

import { randomFillSync } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** What an answer says, without declaring every shape of the API again. */
// biome-ignore lint/suspicious/noExplicitAny: tests read answers as a script would
type Json = any;

const DEADLINE_MS = 60_000;

export class ApiClient {
  readonly url: string;
  readonly token: string;
  readonly projectId: string;

  private constructor(url: string, token: string, projectId: string) {
    this.url = url;
    this.token = token;
    this.projectId = projectId;
  }

  static async login(url: string, name = 'demo1', password = 'secret'): Promise<ApiClient> {
    const domain = { name: 'Default' };
    const response = await fetch(`${url}/iam/v3/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        auth: {
          identity: { methods: ['password'], password: { user: { name, domain, password } } },
          scope: { project: { name, domain } },
        },
      }),
    });
    if (response.status !== 201) throw new Error(`login: ${response.status} ${await response.text()}`);
    const body = (await response.json()) as { token: { project: { id: string } } };
    return new ApiClient(url, response.headers.get('x-subject-token')!, body.token.project.id);
  }

  /** A request below the service root; `{p}` becomes the project's id. Fails on a status of 400 or more. */
  async json<T = Json>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.raw(method, path, body === undefined ? undefined : JSON.stringify(body));
    const text = await response.text();
    if (response.status >= 400) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === '' ? null : JSON.parse(text)) as T;
  }

  raw(
    method: string,
    path: string,
    body?: string | Uint8Array,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return fetch(this.url + path.replace('{p}', this.projectId), {
      method,
      body: body as string,
      headers: { 'x-auth-token': this.token, 'content-type': 'application/json', ...headers },
    });
  }

  /** Asks until `isDone` says so. */
  async until<T = Json>(path: string, isDone: (body: T) => boolean): Promise<T> {
    const deadlineMs = Date.now() + DEADLINE_MS;
    for (;;) {
      const body = await this.json<T>('GET', path);
      if (isDone(body)) return body;
      if (Date.now() > deadlineMs) throw new Error(`${path} did not get there: ${JSON.stringify(body)}`);
      await sleep(50);
    }
  }

  async createVolume(sizeGib = 10, more: Record<string, unknown> = {}): Promise<string> {
    const { volume } = await this.json('POST', '/evs/v3/{p}/volumes', { volume: { size: sizeGib, ...more } });
    await this.until(`/evs/v3/{p}/volumes/${volume.id}`, (body) => {
      if (body.volume.status === 'error') throw new Error('the volume could not be made');
      return body.volume.status === 'available';
    });
    return volume.id;
  }

  /** Starts a backup; `backupReady` waits for it. */
  async startBackup(volumeId: string): Promise<string> {
    return (await this.json('POST', '/evs/v3/{p}/backups', { backup: { volume_id: volumeId, name: 'b' } })).backup.id;
  }

  async backupReady(backupId: string): Promise<void> {
    await this.until(`/evs/v3/{p}/backups/${backupId}`, (body) => {
      if (body.backup.status === 'error') throw new Error(`backup: ${body.backup.fail_reason}`);
      return body.backup.status === 'available';
    });
  }

  /** Writes; false when it was not acknowledged. */
  async write(volumeId: string, offset: number, bytes: Uint8Array): Promise<boolean> {
    try {
      const range = `bytes ${offset}-${offset + bytes.length - 1}/*`;
      const path = `/data/v1/{p}/volumes/${volumeId}`;
      const headers = { 'content-range': range, 'content-type': 'application/octet-stream' };
      const response = await this.raw('PUT', path, bytes, headers);
      await response.arrayBuffer();
      return response.ok;
    } catch {
      return false;
    }
  }

  async read(
    what: 'volumes' | 'snapshots' | 'backups',
    id: string,
    offset: number,
    length: number,
  ): Promise<Uint8Array> {
    const range = `bytes=${offset}-${offset + length - 1}`;
    const response = await this.raw('GET', `/data/v1/{p}/${what}/${id}`, undefined, { range });
    if (response.status !== 206) throw new Error(`read ${what}: ${response.status} ${await response.text()}`);
    return new Uint8Array(await response.arrayBuffer());
  }
}

export function randomBytes(length: number): Uint8Array {
  return randomFillSync(new Uint8Array(length));
}
