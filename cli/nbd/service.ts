// Where the service is and who asks, from options and the OS_ variables that every OpenStack client reads.

import { LaunchError } from '../serve/errors.ts';
import { BROKEN, UpstreamError } from './upstream.ts';

export interface Account {
  /** Of the identity service: http://127.0.0.1:8787/iam/v3. */
  readonly authUrl: string;
  readonly user: string;
  readonly password: string;
  readonly project: string;
  readonly userDomain: string;
  readonly projectDomain: string;
}

export interface AccountFlags {
  readonly url?: string;
  readonly user?: string;
  readonly password?: string;
  readonly project?: string;
}

/** The account of the options, and of the environment where they say nothing. Throws LaunchError. */
export function accountOf(flags: AccountFlags, env: NodeJS.ProcessEnv): Account {
  const authUrl = flags.url === undefined ? env.OS_AUTH_URL : `${flags.url.replace(/\/$/, '')}/iam/v3`;
  const user = flags.user ?? env.OS_USERNAME;
  const password = flags.password ?? env.OS_PASSWORD;
  const missing = [
    authUrl ? '' : '--url or OS_AUTH_URL',
    user ? '' : '--user or OS_USERNAME',
    password ? '' : '--password or OS_PASSWORD',
  ].filter((name) => name !== '');
  if (missing.length > 0) {
    throw new LaunchError(`who asks whom? Set ${missing.join(', ')}; "edge-evs serve" prints lines to paste.`);
  }
  if (!/^https?:$/.test(URL.parse(authUrl!)?.protocol ?? '')) throw new LaunchError(`${authUrl} is no http address.`);
  return {
    authUrl: authUrl!.replace(/\/$/, ''),
    user: user!,
    password: password!,
    project: flags.project ?? env.OS_PROJECT_NAME ?? user!,
    userDomain: env.OS_USER_DOMAIN_NAME ?? 'Default',
    projectDomain: env.OS_PROJECT_DOMAIN_NAME ?? 'Default',
  };
}

/** A login that is good for a day. */
export interface Session {
  readonly token: string;
  /** Of the project in the data service, without a slash at the end. */
  readonly dataUrl: string;
}

/** Logs in. Throws LaunchError when the account is refused, UpstreamError when nobody answers. */
export async function login(account: Account): Promise<Session> {
  const identity = {
    methods: ['password'],
    password: { user: { name: account.user, domain: { name: account.userDomain }, password: account.password } },
  };
  const scope = { project: { name: account.project, domain: { name: account.projectDomain } } };
  const response = await ask(`${account.authUrl}/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth: { identity, scope } }),
  });
  const token = response.headers.get('x-subject-token');
  if (response.status !== 201 || token === null) {
    throw new LaunchError(
      `${account.user} cannot log in to project ${account.project}: ${sentenceIn(await response.text())}`,
    );
  }
  const body = (await response.json()) as { token: { project: { id: string } } };
  return { token, dataUrl: `${dataRoot(account.authUrl)}/v1/${body.token.project.id}` };
}

/** A request, or the UpstreamError that somebody may try again. */
async function ask(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    const cause = (error as { cause?: { code?: string } }).cause;
    throw new UpstreamError(BROKEN, `no answer from ${new URL(url).origin} (${cause?.code ?? error})`);
  }
}

/** The sentence in the body of an error, whichever form it has. */
export function sentenceIn(body: string): string {
  return /"message":"((?:[^"\\]|\\.)*)"/.exec(body)?.[1]?.replaceAll('\\"', '"') ?? body.slice(0, 200);
}

/** By path, http://host/iam/v3, or by host name, https://iam.example.com/v3. */
function dataRoot(authUrl: string): string {
  const url = new URL(authUrl);
  if (url.pathname.startsWith('/iam/')) return `${url.origin}/data`;
  return `${url.protocol}//${url.host.replace(/^iam\./, 'data.')}`;
}
