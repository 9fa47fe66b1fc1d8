// What a person sees when the server is ready, and what a program does.
import { relative } from 'node:path';
import type { Accounts } from './accounts.ts';
import { exportLines, osVariables } from './clouds.ts';
import type { EdgeEvs } from './start.ts';

/** Where the server is, who may log in, and what to paste. */
export function readyText(server: EdgeEvs, { version, seconds, memory }: Moment): string {
  const { url, accounts, region, zones } = server;
  const state = memory ? 'a temporary folder, deleted at the end' : short(server.statePath);
  const rows: [string, string][] = [
    ['console', `${url}/`],
    ['identity', `${url}/iam/v3`],
    ['volumes', `${url}/evs/v3/{project_id}`],
    ['backups', `${url}/cbr/v3/{project_id}`],
    ['bytes', `${url}/data/v1/{project_id}`],
    ['API', `${url}/openapi.json`],
    ['log in', logins(accounts)],
    ['region', `${region}: ${zones.join(', ')}`],
    ['state', state],
  ];
  const table = rows.map(([name, value]) => `  ${name.padEnd(9)} ${value}`);
  const orphans = server.orphans.map((pid) => `Ended workerd ${pid}, left by a server that was killed.`);
  return [
    ...orphans,
    `edge-evs ${version} is ready on ${url} after ${seconds.toFixed(1)} s`,
    '',
    ...table,
    '',
    'Use it with curl, openstack or cinder: paste this into a shell',
    '',
    ...exportLines(osVariables(server)).map((line) => `  ${line}`),
    '',
    `or let clients read ${short(server.cloudsYaml)}:`,
    '',
    `  export OS_CLIENT_CONFIG_FILE=${server.cloudsYaml} OS_CLOUD=edge-evs`,
    '',
    `See it work: npm run tour -- --url ${url}`,
    'Stop: Ctrl-C',
  ].join('\n');
}

/** One line of JSON: the same for programs. */
export function readyJson(server: EdgeEvs, { version }: Moment): string {
  const { url, port, pid, workerdPid, statePath, cloudsYaml, region, zones, accounts, orphans } = server;
  const env = osVariables(server);
  return JSON.stringify({
    ...{
      ready: true,
      version,
      url,
      port,
      pid,
      workerdPid,
      statePath,
      cloudsYaml,
      region,
      zones,
      accounts,
      orphans,
      env,
    },
  });
}

export interface Moment {
  readonly version: string;
  /** From the command to the first healthy answer. */
  readonly seconds: number;
  readonly memory: boolean;
}

/** The demo accounts in full; those of a file belong to people who know them. */
function logins({ users }: Accounts): string {
  const isDemo = users.every(({ name, password, projects }) => password === 'secret' && projects[0]?.name === name);
  if (!isDemo) return `${users.length} users of the accounts file`;
  return `${users.map(({ name, password }) => `${name} / ${password}`).join(', ')}   (each in the project of its name)`;
}

/** The shorter of the path as it is and as seen from here. */
function short(path: string): string {
  const fromHere = relative('.', path);
  return fromHere.length < path.length ? fromHere : path;
}
