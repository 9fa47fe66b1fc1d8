// Who asks, and how lists are asked for.

/** Who calls: taken from a verified token. Every control call carries it, and is refused when the token was revoked. */
export interface Caller {
  readonly projectId: string;
  readonly projectName: string;
  readonly domainId: string;
  readonly userId: string;
  readonly userName: string;
  readonly roles: readonly string[];
  /** `jti` of the token. */
  readonly tokenId: string;
  /** The project of the token when an administrator acts in another one; what it makes there belongs to this one. */
  readonly homeProjectId?: string | undefined;
}

/** Paging and order, the same for all lists. Values are checked by the project, so pass numbers as parsed (NaN too). */
export interface ListQuery {
  /** 0 to 1000; default 1000. 0 answers an empty page. */
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
  /** Id after which the page starts. */
  readonly marker?: string | undefined;
  /** Default created_at desc. Keys are Cinder's: id, name, display_name, status, size, created_at, updated_at, availability_zone, bootable. */
  readonly sort?: readonly { readonly key: string; readonly dir?: string | undefined }[] | undefined;
}

/** A page of a list; `total` ignores paging; `more`: a next page exists (its marker is the last item's id). */
export interface Page<T> {
  readonly items: readonly T[];
  readonly total: number;
  readonly more: boolean;
}

/** Absent fields stay; `metadata` replaces. */
export interface UpdateDetails {
  readonly name?: string | null | undefined;
  readonly description?: string | null | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** `remove` names keys; a missing one is the fault metadata-not-found. */
export interface MetadataChange {
  readonly set?: Readonly<Record<string, string>> | undefined;
  readonly mode?: 'merge' | 'replace' | undefined;
  readonly remove?: readonly string[] | undefined;
}
