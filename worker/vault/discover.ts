// Which vaults of a project object storage knows of: all that is left to find them by when the project's records are lost.

import type { Meter } from '../../engine/cost.ts';
import { projectPrefix, VaultKeys } from '../../engine/repository/keys.ts';

/** Ids of the project's vaults that were not deleted, but for those in `knownIds`; in order, at most `limit`. */
export async function findVaults(
  bucket: R2Bucket,
  projectId: string,
  knownIds: ReadonlySet<string>,
  limit: number,
  meter: Meter,
): Promise<string[]> {
  const prefix = projectPrefix(projectId);
  const found: string[] = [];
  for (let cursor: string | undefined; ; ) {
    meter.counts.obsClassA += 1;
    const page: R2Objects = await bucket.list({ prefix, delimiter: '/', ...(cursor === undefined ? {} : { cursor }) });
    for (const folder of page.delimitedPrefixes) {
      const id = folder.slice(prefix.length, -1);
      if (knownIds.has(id)) continue;
      meter.counts.obsClassB += 1;
      if ((await bucket.head(new VaultKeys(projectId, id).closed())) === null) found.push(id);
      if (found.length === limit) return found;
    }
    if (!page.truncated) return found;
    cursor = page.cursor;
  }
}
