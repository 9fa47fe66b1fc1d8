// The bugs that the design of the repository names (docs/testing.md), each as an edit of source text.

export interface PlantedBug {
  readonly name: string;
  /** The rule that it breaks. */
  readonly rule: string;
  readonly edits: readonly { readonly file: string; readonly find: string; readonly put: string }[];
  /** Runs of the model within which it must be seen. */
  readonly seedsMax: number;
}

const CONTEXT = 'engine/repository/vault-context.ts';
const PRUNE = 'engine/repository/prune.ts';
const DISCARD = 'engine/repository/prune-discard.ts';
const OWNERS = 'engine/repository/prune-owners.ts';
const COMMIT = 'engine/repository/commit.ts';
const DECISIONS = 'engine/repository/decisions.ts';
const UPLOADER = 'engine/repository/uploader.ts';

const COMMIT_BLINDLY = {
  file: COMMIT,
  find: 'return this.#vault.lookup(step.changed, true).every((entry) => entry !== null);',
  put: 'this.#vault.lookup(step.changed, true);\n    return true;',
};

export const BUGS: readonly PlantedBug[] = [
  {
    name: 'no-touch',
    rule: 'a look-up marks the packs that a session relies on with the epoch',
    edits: [{ file: CONTEXT, find: 'if (touch && pack.touchedEpoch < epoch)', put: 'if (touch && epoch < 0)' }],
    seedsMax: 100,
  },
  {
    name: 'open-sessions-ignored',
    rule: 'packs touched since the oldest open session began stay',
    edits: [{ file: PRUNE, find: 'Math.min(epoch, ...sessions.map(({ beginEpoch }) => beginEpoch))', put: 'epoch' }],
    seedsMax: 60,
  },
  {
    name: 'session-parents-ignored',
    rule: 'what an open session walks against is in use',
    edits: [{ file: PRUNE, find: '        ...sessions.flatMap(({ parent }) => parent ?? []),\n', put: '' }],
    seedsMax: 1000,
  },
  {
    name: 'leases-ignored',
    rule: 'what a lease names is in use, though its backup is deleted',
    edits: [{ file: PRUNE, find: '        ...store.listLeases(),\n', put: '' }],
    seedsMax: 100,
  },
  {
    name: 'deleting-ignored',
    rule: 'a backup that is being deleted is in use until object storage says that it is deleted (and prune does not end deletions)',
    edits: [
      { file: PRUNE, find: "state === 'available' || state === 'deleting'", put: "state === 'available'" },
      {
        file: OWNERS,
        find: "  for (const { id, state } of vault.store.listBackups()) if (state === 'deleting') await deleteBackup(vault, id);\n",
        put: '',
      },
    ],
    seedsMax: 300,
  },
  {
    name: 'condemned-unchecked',
    rule: 'that a pack is untouched is seen in the transaction that condemns it (and the commit, which also sees it, is blind)',
    edits: [
      { file: DISCARD, find: ' || pack.touchedEpoch >= safeEpoch) return false', put: ') return false' },
      COMMIT_BLINDLY,
    ],
    seedsMax: 500,
  },
  {
    name: 'dedup-into-condemned',
    rule: 'a look-up answers from live packs only, and condemning takes the rows out of the index',
    edits: [
      {
        file: CONTEXT,
        find: '        if (pack?.state !== PackState.live) continue;\n',
        put: '        if (!pack) continue;\n',
      },
      { file: DISCARD, find: '      store.index.remove(group.filter((_, i) => here[i]));\n', put: '' },
    ],
    seedsMax: 30,
  },
  {
    name: 'condemned-before-copied',
    rule: 'a pack is condemned after what is in use of it has its new place',
    edits: [
      {
        file: DISCARD,
        find: '      if (here.some((isHere, i) => isHere && bits !== null && hasBit(bits, from + i))) return false;\n',
        put: '',
      },
      {
        file: PRUNE,
        find: '      const free = await repacker.take(no);\n',
        put: '      const free = await repacker.take(no);\n      await this.#condemn(no, safeEpoch);\n',
      },
    ],
    seedsMax: 30,
  },
  {
    name: 'known-pages-skipped',
    rule: "no subtree is skipped because the vault has its page: only where it equals the parent's at the same place",
    edits: [
      {
        file: 'engine/repository/backup.ts',
        find: '    try {\n      await this.#countFrom(this.#parent);',
        put: `    const top = [{ kind: Kind.page, digest: this.#request.root }];
    if ((await this.#ports.vault.lookup(this.#session.sessionId, top))[0]) this.#parent = this.#request.root;
    try {
      await this.#countFrom(this.#parent);`,
      },
      COMMIT_BLINDLY,
    ],
    seedsMax: 30,
  },
  {
    name: 'packs-named-by-content',
    rule: 'a pack has a fresh name for every attempt, so that a delete that comes late hits nothing else',
    edits: [
      {
        file: UPLOADER,
        find: '      const uuid = random.uuid();\n',
        put: `      const named = this.#ports.kernel.hashParts(writer.entries.map((entry) => entry.digest)).slice(0, 16);
      named[15] = attempt;
      const uuid = attempt > 1 ? random.uuid() : uuidText(named);
`,
      },
      {
        file: UPLOADER,
        find: "import type { VaultClient } from './ports.ts';",
        put: "import { uuidText } from './keys.ts';\nimport type { VaultClient } from './ports.ts';",
      },
    ],
    seedsMax: 100,
  },
  {
    name: 'abort-without-record',
    rule: "abort puts its decision at the manifest's own key, so that a late manifest loses",
    edits: [
      {
        file: DECISIONS,
        find: 'const put = await obs.putOnce(key, encodeRecord(vault.host.kernel, record));\n  const found',
        put: "const put = 'created' as 'created' | 'exists';\n  const found",
      },
    ],
    seedsMax: 30,
  },
  {
    name: 'delete-without-record',
    rule: 'deleting a backup puts its decision before the manifest goes',
    edits: [
      {
        file: DECISIONS,
        find: '  await obs.putOnce(keys.deleted(meta.generation, backupId), encodeRecord(vault.host.kernel, record));\n',
        put: '',
      },
    ],
    seedsMax: 30,
  },
  {
    name: 'bad-counts-as-present',
    rule: 'an object that was found bad counts as absent, so that the next backup sends it again',
    edits: [{ file: CONTEXT, find: '      store.index.remove(bad);\n', put: '' }],
    seedsMax: 30,
  },
  {
    name: 'owners-not-asked',
    rule: 'prune asks who took a lease or began a session whether it still holds it',
    edits: [
      {
        file: OWNERS,
        find: 'for (const [diskId, taken] of takenByDisk(vault)) {',
        put: 'for (const [diskId, taken] of [...takenByDisk(vault)].slice(0, 0)) {',
      },
    ],
    seedsMax: 60,
  },
  {
    name: 'late-claims-dropped',
    rule: 'what is taken while its owner is asked is held, whatever the owner answers',
    edits: [{ file: OWNERS, find: ' && !claimed.has(id)', put: '' }],
    seedsMax: 30,
  },
];
