// The settings of a deployment, read once from its bindings. A deployment that cannot be safe says what to set and
// serves nothing: there is no built-in password or secret.

import { z } from 'zod';
import type { Env } from './env.ts';
import { MICROVERSION_KNOWN } from './http/microversion.ts';

/** Says which setting is missing or wrong, and what to set. */
export class ConfigError extends Error {}

const ROLE = z.string().min(1).max(64);
const ID = z.string().min(1).max(64);

const AccountsSchema = z.object({
  domain: z.object({ id: ID, name: z.string().min(1) }),
  projects: z.array(z.object({ id: ID, name: z.string().min(1) })).min(1),
  users: z
    .array(
      z.object({
        id: ID,
        name: z.string().min(1),
        /** As typed. For a deployment prefer `passwordHash`. */
        password: z.string().min(1).optional(),
        /** As worker/identity/password.ts writes it: `pbkdf2-sha256$iterations$salt$hash`. */
        passwordHash: z.string().startsWith('pbkdf2-sha256$').optional(),
        projects: z.array(z.object({ name: z.string().min(1), roles: z.array(ROLE) })),
      }),
    )
    .min(1),
});

export type AccountsConfig = z.infer<typeof AccountsSchema>;

const ZonesSchema = z
  .array(
    z.object({
      name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
      locationHint: z.enum(['wnam', 'enam', 'sam', 'weur', 'eeur', 'apac', 'oc', 'afr', 'me']).optional(),
    }),
  )
  .min(1);

export type ZoneConfig = z.infer<typeof ZonesSchema>[number];

export interface Config {
  readonly region: string;
  /** The first is the default. */
  readonly zones: readonly ZoneConfig[];
  /** Faults and the clock may be driven. */
  readonly simulation: boolean;
  /** N of the highest Cinder microversion 3.N. */
  readonly microversionMax: number;
  /** Signs tokens and grants. */
  readonly secret: string;
  readonly accounts: AccountsConfig;
}

/** Shorter secrets can be guessed from one token. */
const SECRET_CHARS_MIN = 16;

const DEFAULT_REGION = 'eu-de';

const parsed = new WeakMap<object, Config>();

/** The deployment's settings; throws ConfigError with a sentence that says what to set. */
export function loadConfig(env: Env): Config {
  const known = parsed.get(env);
  if (known !== undefined) return known;
  const config: Config = { ...placeSettings(env), secret: readSecret(env), accounts: readAccounts(env) };
  parsed.set(env, config);
  return config;
}

/** The part that needs no secret: what a Durable Object of the control plane asks for. */
export function placeSettings(env: Env): Pick<Config, 'region' | 'zones' | 'simulation' | 'microversionMax'> {
  const region = env.EVS_REGION || DEFAULT_REGION;
  const zones = env.EVS_ZONES
    ? read('EVS_ZONES', env.EVS_ZONES, ZonesSchema)
    : ['01', '02', '03'].map((number): ZoneConfig => ({ name: `${region}-${number}` }));
  const names = new Set(zones.map((zone) => zone.name));
  if (names.size < zones.length) throw new ConfigError('EVS_ZONES names a zone twice: give each zone its own name.');
  const microversionMax = readMicroversion(env.EVS_MICROVERSION_MAX);
  return { region, zones, simulation: env.EVS_SIMULATION === 'true', microversionMax };
}

function readMicroversion(text: string | undefined): number {
  if (!text) return MICROVERSION_KNOWN;
  const minor = /^3\.(\d{1,3})$/.exec(text)?.[1];
  if (minor !== undefined && Number(minor) <= MICROVERSION_KNOWN) return Number(minor);
  throw new ConfigError(`EVS_MICROVERSION_MAX is ${text}: give it a version from 3.0 to 3.${MICROVERSION_KNOWN}.`);
}

function readSecret(env: Env): string {
  const secret = env.EVS_SECRET;
  if (!secret) {
    throw new ConfigError('EVS_SECRET is not set: run `wrangler secret put EVS_SECRET` with a long random text.');
  }
  if (secret.length < SECRET_CHARS_MIN) {
    throw new ConfigError(`EVS_SECRET is too short: give it at least ${SECRET_CHARS_MIN} random characters.`);
  }
  return secret;
}

function readAccounts(env: Env): AccountsConfig {
  if (!env.EVS_ACCOUNTS) {
    throw new ConfigError('EVS_ACCOUNTS is not set: give it the JSON of the domain, its projects and its users.');
  }
  const accounts = read('EVS_ACCOUNTS', env.EVS_ACCOUNTS, AccountsSchema);
  const projects = new Set(accounts.projects.map((project) => project.name));
  if (projects.size < accounts.projects.length) throw new ConfigError('EVS_ACCOUNTS names a project twice.');
  if (new Set(accounts.projects.map((project) => project.id)).size < accounts.projects.length) {
    throw new ConfigError('EVS_ACCOUNTS gives two projects one id.');
  }
  const users = new Set<string>();
  for (const user of accounts.users) {
    if (users.has(user.id) || users.has(`name:${user.name}`)) {
      throw new ConfigError(`EVS_ACCOUNTS names user ${user.name} twice.`);
    }
    users.add(user.id).add(`name:${user.name}`);
    if (user.password === undefined && user.passwordHash === undefined) {
      throw new ConfigError(`EVS_ACCOUNTS gives user ${user.name} neither password nor passwordHash.`);
    }
    for (const role of user.projects) {
      if (!projects.has(role.name)) {
        throw new ConfigError(`EVS_ACCOUNTS puts user ${user.name} into project ${role.name}, which it does not list.`);
      }
    }
  }
  return accounts;
}

function read<T>(name: string, text: string, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ConfigError(`${name} is not JSON: check its quotes.`);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new ConfigError(`${name} is wrong at ${issue?.path.join('.') || 'its top'}: ${issue?.message ?? 'unknown'}`);
}
