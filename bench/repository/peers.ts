// Backup programs that keep deduplicated repositories, as their users run them: a process for each backup, and what the
// repository takes afterwards.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { millisecondsOf } from '../path/context.ts';

export interface Peer {
  readonly id: 'restic' | 'borg';
  /** With how it was set up. */
  readonly title: string;
  /** What tells the version. */
  readonly versionArgs: readonly string[];
  /** All of a peer's files are below the folder. */
  environment(folder: string): Readonly<Record<string, string>>;
  initArgs(): readonly string[];
  backupArgs(name: string, file: string): readonly string[];
}

const repositoryOf = (folder: string) => join(folder, 'repository');

export const PEERS: readonly Peer[] = [
  {
    id: 'restic',
    title: 'restic (repository version 2, compression auto)',
    versionArgs: ['version'],
    environment: (folder) => ({
      RESTIC_REPOSITORY: repositoryOf(folder),
      RESTIC_PASSWORD: 'bench',
      RESTIC_CACHE_DIR: join(folder, 'cache'),
    }),
    initArgs: () => ['init', '--repository-version', '2'],
    backupArgs: (_name, file) => ['backup', '--quiet', file],
  },
  {
    id: 'borg',
    title: 'borg (no encryption, lz4)',
    versionArgs: ['--version'],
    environment: (folder) => ({
      BORG_REPO: repositoryOf(folder),
      BORG_BASE_DIR: join(folder, 'base'),
      BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes',
    }),
    initArgs: () => ['init', '--encryption', 'none'],
    backupArgs: (name, file) => ['create', `::${name}`, file],
  },
];

/** What `--version` says, or undefined when the program is not there. */
export function versionOf({ id, versionArgs }: Peer): string | undefined {
  try {
    return /\d+(\.\d+)+/.exec(execFileSync(id, versionArgs, { encoding: 'utf8' }))?.[0];
  } catch {
    return undefined;
  }
}

/** A repository of its own, below a new folder. */
export class PeerRepository {
  readonly #peer: Peer;
  readonly #folder: string;

  private constructor(peer: Peer, folder: string) {
    this.#peer = peer;
    this.#folder = folder;
  }

  static async create(peer: Peer, folder: string): Promise<PeerRepository> {
    mkdirSync(folder, { recursive: true });
    const repository = new PeerRepository(peer, folder);
    await repository.#run(peer.initArgs());
    return repository;
  }

  /** Backs a file up; resolves to the milliseconds that the program ran. */
  async backup(name: string, file: string): Promise<number> {
    return await millisecondsOf(() => this.#run(this.#peer.backupArgs(name, file)));
  }

  /** Bytes of all files of the repository. */
  storedBytes(): number {
    const files = readdirSync(repositoryOf(this.#folder), { recursive: true, withFileTypes: true });
    return files
      .filter((entry) => entry.isFile())
      .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
  }

  async #run(args: readonly string[]): Promise<void> {
    const env = { ...process.env, ...this.#peer.environment(this.#folder) };
    const child = spawn(this.#peer.id, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
    });
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`${this.#peer.id} ${args[0]} failed: ${said.trim()}`);
  }
}
