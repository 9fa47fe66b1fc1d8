// Checked pages in memory, for all disks and vaults of an isolate together: the memory is the isolate's, so the bound is
// too, however many disks there are.

/** 8 MiB: the paths to every block of 16 GiB, or both sides of a comparison of 8 GiB. */
const PAGES_MAX = 1_024;

/** Where one owner keeps its pages. */
export interface PageShelf {
  /** By a digest's hex form. Callers must not change the bytes. */
  get(key: string): Uint8Array | undefined;
  put(key: string, page: Uint8Array): void;
  /** Forgets this owner's pages; others keep theirs, also those of the same name. */
  clear(): void;
}

/** Forgets what was used least recently, whoever's it is. */
export class PageCache {
  readonly #pagesMax: number;
  readonly #forgotten: (page: Uint8Array) => void;
  /** By owner and digest, least recently used first. */
  readonly #pages = new Map<string, Uint8Array>();
  #owners = 0;

  /** `forgotten` is given what nobody will get any more: memory that is large enough to be freed by hand. */
  constructor(pagesMax: number = PAGES_MAX, forgotten: (page: Uint8Array) => void = () => undefined) {
    this.#pagesMax = pagesMax;
    this.#forgotten = forgotten;
  }

  /**
   * A place for one owner. Owners share nothing: a page is what *this* disk has under the name, and another one's copy
   * must not hide that it is damaged here.
   */
  shelf(): PageShelf {
    const newOwner = () => `${++this.#owners} `;
    let owner = newOwner();
    const pages = this.#pages;
    const touch = (key: string, page: Uint8Array) => {
      pages.delete(key);
      pages.set(key, page);
    };
    return {
      get(key) {
        const page = pages.get(owner + key);
        if (page) touch(owner + key, page);
        return page;
      },
      put: (key, page) => {
        touch(owner + key, page);
        if (pages.size <= this.#pagesMax) return;
        const [oldest, forgotten] = pages.entries().next().value!;
        pages.delete(oldest);
        this.#forgotten(forgotten);
      },
      // What is never asked for again goes first anyway.
      clear: () => {
        owner = newOwner();
      },
    };
  }
}
