// The same access in the three forms that clients read: shell variables, clouds.yaml, and an object.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Accounts, User } from './accounts.ts';

export interface Access {
  readonly url: string;
  readonly region: string;
  readonly accounts: Accounts;
}

/** Where the accounts file has only a hash. */
const UNKNOWN_PASSWORD = 'YOUR-PASSWORD';

/** The OS_… variables of one user, for openstack, cinder and everything built on keystoneauth. */
export function osVariables(
  { url, region, accounts }: Access,
  user: User = accounts.users[0]!,
): Record<string, string> {
  return {
    OS_AUTH_URL: `${url}/iam/v3`,
    OS_PROJECT_NAME: user.projects[0]!.name,
    OS_USERNAME: user.name,
    OS_PASSWORD: user.password ?? UNKNOWN_PASSWORD,
    OS_USER_DOMAIN_NAME: accounts.domain.name,
    OS_PROJECT_DOMAIN_NAME: accounts.domain.name,
    OS_REGION_NAME: region,
    OS_IDENTITY_API_VERSION: '3',
    OS_VOLUME_API_VERSION: '3',
  };
}

/** Lines to paste into a shell. */
export const exportLines = (variables: Record<string, string>): string[] =>
  Object.entries(variables).map(([name, value]) => `export ${name}=${shellQuote(value)}`);

/** One cloud per user, named edge-evs for the first and edge-evs-NAME for each. JSON strings are YAML strings. */
export function cloudsYaml(access: Access): string {
  const { domain, users } = access.accounts;
  const cloud = (name: string, user: User) => `  ${JSON.stringify(name)}:
    auth:
      auth_url: ${JSON.stringify(`${access.url}/iam/v3`)}
      username: ${JSON.stringify(user.name)}
      password: ${JSON.stringify(user.password ?? UNKNOWN_PASSWORD)}
      project_name: ${JSON.stringify(user.projects[0]!.name)}
      user_domain_name: ${JSON.stringify(domain.name)}
      project_domain_name: ${JSON.stringify(domain.name)}
    region_name: ${JSON.stringify(access.region)}
    identity_api_version: "3"
    volume_api_version: "3"
`;
  const clouds = [cloud('edge-evs', users[0]!), ...users.map((user) => cloud(`edge-evs-${user.name}`, user))];
  return `clouds:\n${clouds.join('')}`;
}

/** Writes clouds.yaml into the state folder, readable by its owner only, and returns its path. */
export function writeCloudsYaml(statePath: string, access: Access): string {
  const file = join(statePath, 'clouds.yaml');
  writeFileSync(file, cloudsYaml(access), { mode: 0o600 });
  return file;
}

const shellQuote = (value: string): string =>
  /^[\w./:@-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
