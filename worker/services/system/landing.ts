// The page at /: what this is, where things are, and a first command. One file, no assets from anywhere.

import { Endpoints } from '../../http/endpoints.ts';

const PLACES: readonly (readonly [string, string])[] = [
  ['/iam/v3', 'identity (Keystone v3)'],
  ['/evs/v3/{project}', 'disks and snapshots: OpenStack Cinder form and the vendor form'],
  ['/cbr/v3/{project}', 'vaults, backups, policies'],
  ['/vbs/v2/{project}', 'backups (Cinder form)'],
  ['/ecs/v1/{project}', 'servers: register, attach, reinstall'],
  ['/data/v1/{project}', 'the bytes of disks, snapshots and backups'],
  ['/sim/v1', 'zones, damage, clock (simulations only)'],
];

/** Text that is safe inside HTML. */
export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** Frame of every page. */
export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font: 14px/1.5 ui-monospace, monospace; }
pre { padding: 1rem; overflow-x: auto; border: 1px solid #8886; border-radius: 6px; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .25rem .75rem .25rem 0; vertical-align: top; }
</style>
${body}
</html>
`;
}

/** The landing page, with addresses of this very deployment. */
export function landingPage(url: URL, version: string, simulation: boolean): string {
  const root = url.origin;
  const iam = `${new Endpoints(url).of('iam')}/v3`;
  const rows = PLACES.map(([path, what]) => `<tr><td><code>${path}</code></td><td>${escapeHtml(what)}</td></tr>`);
  const start = `# log in (local development: user demo1, password secret)
TOKEN=$(curl -si ${iam}/auth/tokens -d '{"auth":{
  "identity":{"methods":["password"],"password":{"user":{"name":"demo1","domain":{"id":"default"},"password":"secret"}}},
  "scope":{"project":{"name":"demo1","domain":{"id":"default"}}}}}' | tr -d '\\r' | sed -n 's/^x-subject-token: //ip')
PROJECT=$(curl -s ${iam}/auth/projects -H "X-Auth-Token: $TOKEN" | sed 's/.*"projects":\\[{"id":"\\([^"]*\\)".*/\\1/')

# a disk of 10 GiB
curl -s ${root}/evs/v3/$PROJECT/volumes -H "X-Auth-Token: $TOKEN" -d '{"volume":{"size":10,"name":"first"}}'
curl -s ${root}/evs/v3/$PROJECT/volumes/detail -H "X-Auth-Token: $TOKEN"

# bytes in, bytes out
curl -s ${root}/data/v1/$PROJECT/volumes/VOLUME_ID -H "X-Auth-Token: $TOKEN" -T image.raw
curl -s ${root}/data/v1/$PROJECT/volumes/VOLUME_ID -H "X-Auth-Token: $TOKEN" -r 0-511 | xxd | head`;
  return page(
    'edge-evs',
    `<h1>edge-evs</h1>
<p>Virtual disks, snapshots and backups with real bytes: an Elastic Volume Service as software for the edge.
Version ${escapeHtml(version)}${simulation ? ', a simulation' : ''}. Not affiliated with any cloud vendor.</p>
<h2>Endpoints</h2>
<table>${rows.join('')}</table>
<p><a href="/docs">All operations</a> · <a href="/openapi.json">OpenAPI document</a> · <a href="/metrics">metrics</a> ·
<a href="/healthz">health</a></p>
<h2>Quick start</h2>
<pre>${escapeHtml(start)}</pre>
<p>OpenStack clients: <code>OS_AUTH_URL=${escapeHtml(iam)}</code>, region and account as the launcher prints them.</p>`,
  );
}
