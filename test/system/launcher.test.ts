// The launcher as people meet it: started, refused, killed, started again.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inRoot } from '../../tools/paths.ts';
import { gone, mark, type Served, serve, serveRefused, temporaryFolder } from '../support/serve.ts';

let folder: ReturnType<typeof temporaryFolder>;
let running: Served[];

beforeEach(() => {
  folder = temporaryFolder();
  running = [];
});

afterEach(async () => {
  for (const server of running) await server.killGroup();
  folder.remove();
});

/** Starts a server that this test's end kills. */
async function start(...args: string[]): Promise<Served> {
  const server = await serve(...args);
  running.push(server);
  return server;
}

const isHealthy = async ({ url }: Served): Promise<boolean> => (await fetch(`${url}/healthz`)).status === 200;

describe('start', () => {
  test('answers /healthz and says how to reach it', async () => {
    const server = await start('--state', folder.path, '--region', 'r1', '--zones', 'a,b');
    expect(await (await fetch(`${server.url}/healthz`)).json()).toMatchObject({ status: 'ok' });
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    expect(server).toMatchObject({ region: 'r1', zones: ['a', 'b'], orphans: [] });
    expect(server.env.OS_AUTH_URL).toBe(`${server.url}/iam/v3`);
    expect(readFileSync(server.cloudsYaml, 'utf8')).toContain(`"${server.url}/iam/v3"`);
  });

  test('keeps the secret and the accounts to their owner, and makes one secret per folder', async () => {
    const server = await start('--state', folder.path);
    for (const name of ['secret', 'clouds.yaml']) expect(statSync(join(folder.path, name)).mode & 0o077, name).toBe(0);
    const secret = readFileSync(join(folder.path, 'secret'), 'utf8');
    expect(secret.length).toBeGreaterThanOrEqual(43);
    await server.stop();
    await start('--state', folder.path);
    expect(readFileSync(join(folder.path, 'secret'), 'utf8')).toBe(secret);
  });

  test('--memory leaves no folder behind', async () => {
    const server = await start('--memory');
    expect(existsSync(server.statePath)).toBe(true);
    expect(await server.stop()).toBe(0);
    expect(existsSync(server.statePath)).toBe(false);
  });

  test('--memory removes what a killed one left: folder and workerd', async () => {
    const killed = await start('--memory');
    await killed.killLauncher();
    await start('--memory');
    await killed.assertWorkerdGone();
    expect(existsSync(killed.statePath)).toBe(false);
  });

  test('--reset forgets, and a start without it does not', async () => {
    await (await start('--state', folder.path)).stop();
    const marker = join(folder.path, 'data', 'marker');
    writeFileSync(marker, '');
    await (await start('--state', folder.path)).stop();
    expect(existsSync(marker)).toBe(true);
    const secret = readFileSync(join(folder.path, 'secret'), 'utf8');
    await (await start('--state', folder.path, '--reset')).stop();
    expect(existsSync(marker)).toBe(false);
    expect(readFileSync(join(folder.path, 'secret'), 'utf8')).not.toBe(secret);
  });
});

describe('refused in words', () => {
  test('a second server on one state folder, also with --reset', async () => {
    const first = await start('--state', folder.path);
    for (const flags of [[], ['--reset']]) {
      const { code, stderr } = await serveRefused('--state', folder.path, ...flags);
      expect(code).toBe(1);
      expect(stderr).toContain(`another server (pid ${first.pid}) is using the state folder`);
    }
    expect(await isHealthy(first)).toBe(true);
  });

  test('a port in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const { code, stderr } = await serveRefused('--state', folder.path, '--port', String(port));
    other.close();
    expect(code).toBe(1);
    expect(stderr).toContain(`port ${port} on 127.0.0.1 is in use. Use --port 0`);
    expect(stderr).not.toContain('    at ');
    // The refused start gave the folder back.
    expect(await isHealthy(await start('--state', folder.path))).toBe(true);
  });

  test('a state folder of a newer format, which --reset may replace', async () => {
    await (await start('--state', folder.path)).stop();
    writeFileSync(join(folder.path, 'format.json'), '{"edgeEvsState":99}');
    const { code, stderr } = await serveRefused('--state', folder.path);
    expect(code).toBe(1);
    expect(stderr).toContain('has format 99; this edge-evs reads up to 1');
    expect(await isHealthy(await start('--state', folder.path, '--reset'))).toBe(true);
  });

  test('a folder that holds something else, also with --reset', async () => {
    writeFileSync(join(folder.path, 'thesis.tex'), 'years of work');
    for (const flags of [[], ['--reset']]) {
      const { code, stderr } = await serveRefused('--state', folder.path, ...flags);
      expect(code).toBe(1);
      expect(stderr).toContain('not a state folder of edge-evs');
    }
    expect(readdirSync(folder.path)).toEqual(['thesis.tex']);
  });

  test('flags and files that make no sense', async () => {
    const accounts = join(folder.path, 'accounts.json');
    writeFileSync(
      accounts,
      '{"projects":[{"name":"p"}],"users":[{"name":"u","password":"x","projects":[{"name":"q"}]}]}',
    );
    for (const [flags, words] of [
      [['--port', '65536'], 'A port is a number from 0 to 65535'],
      [['--zones', 'a,,b'], 'Zones are different names'],
      [['--memory', '--state', folder.path], 'cannot be used with'],
      [['--memory', '--accounts', accounts], 'user "u" is in project "q", which "projects" does not list'],
    ] as const) {
      const { code, stderr } = await serveRefused(...flags);
      expect(code).toBe(1);
      expect(stderr).toContain(words);
    }
  });
});

describe('end', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s ends launcher and workerd in order', async (signal) => {
    const server = await start('--state', folder.path);
    expect(await server.stop(signal)).toBe(0);
    await server.assertWorkerdGone();
    expect(readdirSync(folder.path)).not.toContain('lock');
    expect(readdirSync(folder.path)).not.toContain('pids.json');
  });

  test('SIGKILL of the whole group: the next start serves', async () => {
    const server = await start('--state', folder.path);
    await server.killGroup();
    expect(readdirSync(folder.path)).toContain('lock');
    const next = await start('--state', folder.path, '--port', String(server.port));
    expect(await isHealthy(next)).toBe(true);
    expect(next.orphans).toEqual([]);
  });

  test('SIGKILL of the launcher alone: the next start ends its workerd and takes the port', async () => {
    const server = await start('--state', folder.path);
    await server.killLauncher();
    expect(await isHealthy(server)).toBe(true);
    const next = await start('--state', folder.path, '--port', String(server.port));
    await server.assertWorkerdGone();
    expect(next.orphans).toEqual([server.workerdPid]);
    expect(await isHealthy(next)).toBe(true);
  });

  test.runIf(process.platform === 'linux')('an orphan whose pid was never written down is found', async () => {
    const server = await start('--state', folder.path);
    await server.killLauncher();
    writeFileSync(join(folder.path, 'pids.json'), '{"launcher":1}');
    const next = await start('--state', folder.path);
    expect(next.orphans).toEqual([server.workerdPid]);
    await server.assertWorkerdGone();
  });

  test('a recycled pid neither blocks the folder nor is killed', async () => {
    await (await start('--state', folder.path)).stop();
    const bystander = spawn('sleep', ['60']);
    const { pid } = bystander;
    writeFileSync(join(folder.path, 'lock'), JSON.stringify({ pid, started: 'another time' }));
    writeFileSync(join(folder.path, 'pids.json'), JSON.stringify({ workerd: mark(pid!) }));
    expect(await isHealthy(await start('--state', folder.path))).toBe(true);
    expect(bystander.exitCode ?? bystander.signalCode).toBe(null);
    bystander.kill();
  });

  test('a crashed workerd is started again, and its new pid is known', async () => {
    const server = await start('--state', folder.path);
    process.kill(server.workerdPid, 'SIGKILL');
    await server.assertWorkerdGone();
    const pidsFile = join(folder.path, 'pids.json');
    await expect
      .poll(() => JSON.parse(readFileSync(pidsFile, 'utf8')).workerd?.pid, { timeout: 10_000 })
      .not.toBe(server.workerdPid);
    const again = mark(JSON.parse(readFileSync(pidsFile, 'utf8')).workerd.pid);
    expect(await isHealthy(server)).toBe(true);
    expect(await server.stop()).toBe(0);
    await gone(again, 1000);
  });

  test('the server ends when the command that started it is killed', async () => {
    const shell = `EDGE_EVS_PARENT=$$ "${process.execPath}" "${inRoot('cli', 'main.ts')}" serve --port 0 --json --memory & wait`;
    const command = spawn('sh', ['-c', shell], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    command.stdout.on('data', (chunk) => {
      output += chunk;
    });
    await expect.poll(() => /^\{.*\}$/m.test(output), { timeout: 30_000 }).toBe(true);
    const { pid, workerdPid } = JSON.parse(/^\{.*\}$/m.exec(output)![0]);
    const processes = [mark(pid), mark(workerdPid)];
    command.kill('SIGKILL');
    for (const process of processes) await gone(process, 5000);
  });
});
