// Stand-ins for the objects behind the HTTP services, for tests of the faces alone: what is asked, and what comes out.

import { createExecutionContext } from 'cloudflare:test';
import { createApp } from '../../worker/app.ts';
import type { Env } from '../../worker/env.ts';
import { type Outcome, ok, refuse } from '../../worker/faults.ts';
import type { IdentityRpc, ProjectInfo } from '../../worker/identity/contract.ts';
import type { Backup, DataGrant, Page, ProjectRpc, Snapshot, Volume } from '../../worker/project/contract.ts';
import { type Claims, signToken } from '../../worker/tokens.ts';

export const SECRET = 'a-secret-that-only-tests-know';
export const PROJECT = 'p1'.padEnd(32, '0');
export const STRANGER = 'p2'.padEnd(32, '0');
const T0 = Date.UTC(2026, 10, 22, 9, 52, 56);

export function claimsOf(projectId: string | null, changes: Partial<Claims> = {}): Claims {
  return {
    id: `token-of-${projectId}`,
    parentId: null,
    userId: 'u1',
    userName: 'demo1',
    domainId: 'default',
    domainName: 'Default',
    projectId,
    projectName: projectId === null ? null : 'demo1',
    domainScoped: false,
    roles: ['member'],
    methods: ['password'],
    issuedMs: T0,
    expiresMs: Date.now() + 3600_000,
    ...changes,
  };
}

export const tokenOf = (projectId: string | null, changes: Partial<Claims> = {}) =>
  signToken(claimsOf(projectId, changes), SECRET);

export const VOLUME: Volume = {
  id: '11111111-1111-4111-8111-111111111111',
  name: 'v',
  description: null,
  status: 'available',
  sizeGib: 1,
  zone: 'eu-de-01',
  type: 'SSD',
  bootable: false,
  readonly: null,
  multiattach: false,
  system: false,
  metadata: { a: 'b' },
  tags: { t: 'u' },
  attachments: [],
  snapshotId: null,
  backupId: null,
  projectId: PROJECT,
  userId: 'u1',
  createdMs: T0,
  updatedMs: T0,
  failReason: null,
};

export const SNAPSHOT: Snapshot = {
  id: '22222222-2222-4222-8222-222222222222',
  volumeId: VOLUME.id,
  name: 's',
  description: null,
  status: 'available',
  sizeGib: 1,
  zone: 'eu-de-01',
  progressPercent: 100,
  metadata: {},
  projectId: PROJECT,
  userId: 'u1',
  createdMs: T0,
  updatedMs: T0,
  failReason: null,
};

export const BACKUP: Backup = {
  id: '33333333-3333-4333-8333-333333333333',
  vaultId: '44444444-4444-4444-8444-444444444444',
  checkpointId: null,
  name: 'b',
  description: null,
  status: 'available',
  volumeId: VOLUME.id,
  volumeName: 'v',
  volumeZone: 'eu-de-01',
  volumeBootable: false,
  volumeSystem: false,
  sizeGib: 1,
  zone: 'obs',
  snapshotId: null,
  automatic: false,
  policyId: null,
  incremental: false,
  objectCount: 3,
  logicalBytes: 1,
  storedBytes: 1,
  progressPercent: 100,
  container: null,
  metadata: {},
  projectId: PROJECT,
  userId: 'u1',
  createdMs: T0,
  updatedMs: T0,
  dataMs: T0,
  expiresMs: null,
  failReason: null,
};

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers without declaring them
export type Json = any;

/** The body of an answer. */
export const jsonOf = async (response: Response): Promise<Json> => await response.json();

const pageOf = <T>(items: readonly T[], more = false): Outcome<Page<T>> => ok({ items, total: items.length, more });

/** Bytes of the one fake disk. */
export const DISK_BYTES = 1024 * 1024;

/** A project with one volume, snapshot and backup. Methods not listed here fail the test that calls them. */
function fakeProject(asked: [string, ...unknown[]][], overrides: Partial<ProjectRpc>): ProjectRpc {
  const one =
    <T extends { id: string }>(item: T, code: 'volume-not-found' | 'snapshot-not-found' | 'backup-not-found') =>
    async (_caller: unknown, id: string): Promise<Outcome<T>> =>
      id === item.id ? ok(item) : refuse(code, { id });
  const methods: Partial<ProjectRpc> = {
    getVolume: one(VOLUME, 'volume-not-found'),
    updateVolume: one(VOLUME, 'volume-not-found'),
    changeVolumeMetadata: async () => ok(VOLUME),
    listVolumes: async (_caller, query) => pageOf([VOLUME], query.limit === 1),
    createVolumes: async (_caller, input) =>
      ok({ volumes: [VOLUME], jobId: input.face === 'native' ? 'j'.repeat(32) : null }),
    extendVolume: async (_caller, id) => refuse('extend-size', { id, value: 1, size: 1 }),
    reserveVolume: one(VOLUME, 'volume-not-found'),
    deleteVolume: async () => refuse('volume-quota', { limit: 1 }),
    getSnapshot: one(SNAPSHOT, 'snapshot-not-found'),
    listSnapshots: async () => pageOf([SNAPSHOT]),
    createSnapshot: async () => ok(SNAPSHOT),
    getBackup: one(BACKUP, 'backup-not-found'),
    listBackups: async () => pageOf([BACKUP]),
    createBackup: async () => ok({ backup: BACKUP, jobId: null }),
    getJob: async (_caller, id) => refuse('job-not-found', { id }),
    getVault: async (_caller, id) => refuse('vault-not-found', { id }),
    checkToken: async () => ok(null),
    grant: async (caller, target, right) => {
      if (target.id !== VOLUME.id) return refuse('volume-not-found', { id: target.id });
      const grant: DataGrant = {
        kind: 'disk',
        diskId: VOLUME.id,
        owner: { projectId: caller.projectId, zone: 'eu-de-01' },
        locationHint: null,
        snapshotId: null,
        expiresMs: Date.now() + 30_000,
        sizeBytes: DISK_BYTES,
        right,
      };
      return ok(grant);
    },
    metrics: async () => null,
    ...overrides,
  };
  return new Proxy(methods as ProjectRpc, {
    get(target, name) {
      return async (...args: unknown[]) => {
        asked.push([String(name), ...args]);
        const method = (target as unknown as Record<string, (...args: unknown[]) => unknown>)[String(name)];
        if (method === undefined) throw new Error(`the fake project has no ${String(name)}`);
        return await method(...args);
      };
    },
  });
}

const PROJECT_INFO: ProjectInfo = {
  id: PROJECT,
  name: 'demo1',
  domainId: 'default',
  configured: true,
  description: '',
  enabled: true,
  tags: [],
  extra: {},
};

function fakeIdentity(): Partial<IdentityRpc> {
  return {
    login: async ({ password }) => {
      if (password?.password !== 'secret') return refuse('unauthenticated');
      const claims = claimsOf(PROJECT);
      return ok({ token: await signToken(claims, SECRET), claims });
    },
    check: async () => ok(null),
    revoke: async () => ok(null),
    listProjects: async () => ok([PROJECT_INFO]),
    domain: async () => ({ id: 'default', name: 'Default' }),
  };
}

/** As the real disk reads: it stops when it has all it waits for, and takes a body that breaks off for a short one. */
async function collect(body: ReadableStream<Uint8Array>, length: number): Promise<Uint8Array | null> {
  const bytes = new Uint8Array(length);
  const reader = body.getReader();
  let at = 0;
  while (at < length) {
    const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }));
    if (done || value === undefined) return null;
    bytes.set(value.subarray(0, length - at), at);
    at += value.byteLength;
  }
  return bytes;
}

/** A disk that is a byte array; a body that breaks off leaves it as it was. */
function fakeDisk(bytes: Uint8Array): { fetch(url: string, init?: RequestInit): Promise<Response> } {
  return {
    async fetch(url, init) {
      const query = new URL(url).searchParams;
      const offset = Number(query.get('offset'));
      if (init?.method === 'PUT') {
        const body = await collect(init.body as ReadableStream<Uint8Array>, Number(query.get('length')));
        if (body === null) return Response.json({ code: 'body-size', message: 'too short' }, { status: 400 });
        if (offset + body.byteLength > bytes.byteLength) {
          return Response.json({ code: 'out-of-range', message: 'beyond the end' }, { status: 416 });
        }
        bytes.set(body, offset);
        return new Response(null, { status: 204 });
      }
      const length = Number(query.get('length'));
      if (offset % 512 !== 0 || length % 512 !== 0) throw new Error('the service must ask for whole sectors');
      return new Response(bytes.slice(offset, offset + length));
    },
  };
}

export interface Bench {
  readonly app: ReturnType<typeof createApp>;
  readonly env: Env;
  /** Method and arguments of every question to the project. */
  readonly asked: [string, ...unknown[]][];
  readonly bytes: Uint8Array;
  /** A request with a token of PROJECT unless told otherwise (null: none). */
  fetch(path: string, init?: RequestInit & { token?: string | null }): Promise<Response>;
}

/** The application over fakes. */
export async function bench(overrides: Partial<ProjectRpc> = {}, settings: Partial<Env> = {}): Promise<Bench> {
  const asked: [string, ...unknown[]][] = [];
  const bytes = new Uint8Array(DISK_BYTES);
  const project = fakeProject(asked, overrides);
  const namespace = (object: unknown) => ({ idFromName: (name: string) => name, get: () => object });
  const zone = { health: async () => ({ state: 'up', delayMs: 0 }), set: async () => undefined };
  const env = {
    PROJECT: namespace(project),
    IDENTITY: namespace(fakeIdentity()),
    DISK: namespace(fakeDisk(bytes)),
    VAULT: namespace(fakeDisk(bytes)),
    ZONE: namespace(zone),
    EVS_SECRET: SECRET,
    EVS_SIMULATION: 'true',
    EVS_ACCOUNTS: JSON.stringify({
      domain: { id: 'default', name: 'Default' },
      projects: [{ id: PROJECT, name: 'demo1' }],
      users: [{ id: 'u1', name: 'demo1', password: 'secret', projects: [{ name: 'demo1', roles: ['member'] }] }],
    }),
    ...settings,
  } as unknown as Env;
  const app = createApp();
  const own = await tokenOf(PROJECT);
  return {
    app,
    env,
    asked,
    bytes,
    async fetch(path, { token = own, ...init } = {}) {
      const headers = new Headers(init.headers);
      if (token !== null) headers.set('X-Auth-Token', token);
      const url = path.startsWith('http') ? path : `http://127.0.0.1:8787${path}`;
      return await app.fetch(new Request(url, { ...init, headers }), env, createExecutionContext());
    },
  };
}
