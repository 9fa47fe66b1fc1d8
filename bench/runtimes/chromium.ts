// A headless Chromium with one page, served from this machine.
import { accessSync, constants } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { chromium, type Page } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

export interface ServedPage {
  readonly page: Page;
  readonly version: string;
  close(): Promise<void>;
}

/** Path of a Chromium: $CHROMIUM, or the first known name in PATH; undefined when there is none. */
export function findChromium(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  if (environment.CHROMIUM) return environment.CHROMIUM;
  const folders = (environment.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Opens a page that has run `script`, an ES module; `files` are served as /files/NAME. Rejects without a Chromium. */
export async function openPage(script: string, files: Readonly<Record<string, Uint8Array>> = {}): Promise<ServedPage> {
  const executablePath = findChromium();
  if (executablePath === undefined) {
    throw new Error(`no Chromium: install one (${NAMES.join(', ')}) or name it in CHROMIUM`);
  }
  const server = await serve(script, files);
  try {
    // A root user's sandbox needs what containers lack; the page is our own.
    const browser = await chromium.launch({ executablePath, chromiumSandbox: false });
    const page = await browser.newPage();
    const failed = new Promise<never>((_, fail) => page.once('pageerror', fail));
    await Promise.race([page.goto(server.url), failed]);
    return {
      page,
      version: browser.version(),
      async close() {
        await browser.close();
        await server.close();
      },
    };
  } catch (error) {
    await server.close();
    throw error;
  }
}

async function serve(script: string, files: Readonly<Record<string, Uint8Array>>) {
  const contents: Record<string, { type: string; body: string | Uint8Array }> = {
    '/': { type: 'text/html', body: '<!doctype html><script type="module" src="/script.js"></script>' },
    '/script.js': { type: 'text/javascript', body: script },
  };
  for (const [name, body] of Object.entries(files)) contents[`/files/${name}`] = { type: 'application/wasm', body };
  const server = createServer((request, response) => {
    const found = contents[request.url ?? ''];
    response.writeHead(found ? 200 : 404, {
      'content-type': found?.type ?? 'text/plain',
      // A page isolated like this may read its clock in steps of 5 µs instead of 100.
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    });
    response.end(found?.body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => new Promise<void>((done) => server.close(() => done())),
  };
}
