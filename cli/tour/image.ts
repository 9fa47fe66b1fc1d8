// Real input: a disk image with an ext4 file system and real files in it. Without mkfs.ext4 (macOS, a bare container) it is
// the same files one after the other, as tar has them: still a real tree of bytes.

import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
/** The project's own files come first, then what fills the rest with something real. */
const SOURCES = ['docs', 'assembly', 'engine', 'worker', 'cli', 'test', 'tools', 'node_modules'];
const MIB = 1_048_576;
const FILE_BYTES_MAX = 8 * MIB;
/** File systems need room besides the files: this part of the image is files. */
const FILL = 0.47;

export interface Image {
  readonly path: string;
  readonly kind: 'ext4' | 'files';
  readonly sizeBytes: number;
  readonly files: number;
  readonly fileBytes: number;
  /** The folder whose files are in the image. */
  readonly tree: string;
}

/** Runs a tool that lives in /sbin on Debian; null when there is none. */
export function tool(name: string, ...args: string[]): { status: number; output: string } | null {
  const PATH = [process.env.PATH, '/usr/sbin', '/sbin'].join(delimiter);
  try {
    const output = execFileSync(name, args, { env: { ...process.env, PATH }, encoding: 'utf8', stdio: 'pipe' });
    return { status: 0, output };
  } catch (error) {
    const { code, status, stdout, stderr } = error as {
      code?: string;
      status?: number;
      stdout?: string;
      stderr?: string;
    };
    if (code === 'ENOENT') return null;
    return { status: status ?? 1, output: `${stdout ?? ''}${stderr ?? ''}` };
  }
}

/** Makes the image below a folder of the tour's own. */
export async function makeImage(folder: string, sizeBytes: number): Promise<Image> {
  const tree = join(folder, 'tree');
  const { files, fileBytes } = copyTree(tree, Math.floor(sizeBytes * FILL));
  const path = join(folder, 'image');
  writeFileSync(path, '');
  truncateSync(path, sizeBytes);
  const made = tool('mkfs.ext4', '-q', '-F', '-L', 'edge-evs', '-d', tree, path);
  if (made !== null && made.status !== 0) throw new Error(`mkfs.ext4 failed: ${made.output.trim()}`);
  if (made === null) await concatenate(tree, path);
  return { path, kind: made === null ? 'files' : 'ext4', sizeBytes, files, fileBytes, tree };
}

/** Whether a copy of the image is a healthy file system with the same files; null where the tools are missing. */
export function checkFiles(image: Image, copy: string, folder: string): { ok: boolean; detail: string } | null {
  if (image.kind !== 'ext4') return null;
  const checked = tool('e2fsck', '-fn', copy);
  if (checked === null) return null;
  if (checked.status !== 0) return { ok: false, detail: `e2fsck -fn: ${checked.output.trim().split('\n').at(-1)}` };
  const out = join(folder, 'out');
  mkdirSync(out);
  if (tool('debugfs', '-R', `rdump / ${out}`, copy) === null) return { ok: true, detail: 'e2fsck -fn finds it clean' };
  const different = [...walk(image.tree)].find((file) => !sameFile(file, join(out, relative(image.tree, file))));
  if (different !== undefined) return { ok: false, detail: `file ${relative(image.tree, different)} differs` };
  return { ok: true, detail: `e2fsck -fn finds it clean, and all ${image.files} files in it are the same` };
}

function sameFile(a: string, b: string): boolean {
  try {
    return readFileSync(a).equals(readFileSync(b));
  } catch {
    return false;
  }
}

/** Copies real files until they have that many bytes. */
function copyTree(tree: string, bytesMax: number): { files: number; fileBytes: number } {
  let files = 0;
  let fileBytes = 0;
  for (const source of SOURCES) {
    for (const file of walk(join(PROJECT, source))) {
      const bytes = readFileSync(file);
      // A file takes whole blocks, and thousands of small ones as many inodes.
      const taken = Math.ceil(bytes.length / 4096) * 4096;
      if (bytes.length > FILE_BYTES_MAX || bytes.length < 512 || fileBytes + taken > bytesMax) continue;
      const to = join(tree, relative(PROJECT, file));
      mkdirSync(dirname(to), { recursive: true });
      copyFileSync(file, to);
      files += 1;
      fileBytes += taken;
      if (fileBytes > bytesMax - MIB) return { files, fileBytes };
    }
  }
  return { files, fileBytes };
}

/** Regular files below a folder, in order of their names. */
function* walk(folder: string): Generator<string> {
  for (const entry of list(folder)) {
    const path = join(folder, entry.name);
    if (entry.isFile()) yield path;
    if (entry.isDirectory() && !entry.name.startsWith('.')) yield* walk(path);
  }
}

function list(folder: string) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** One 512-byte header with the name, then the file, padded: the rest of the image stays zeros. */
async function concatenate(tree: string, path: string): Promise<void> {
  const out = await open(path, 'r+');
  let at = 0;
  try {
    for (const file of walk(tree)) {
      const header = Buffer.alloc(512);
      header.write(relative(tree, file));
      await out.write(header, 0, 512, at);
      at += 512;
      for await (const chunk of createReadStream(file)) {
        await out.write(chunk as Buffer, 0, (chunk as Buffer).length, at);
        at += (chunk as Buffer).length;
      }
      at = Math.ceil(at / 512) * 512;
    }
  } finally {
    await out.close();
  }
}
