import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { deleteUnusedBlobs, oldBlobs } from '@parallel-pilot/shared/server/db/blobs.ts';
import { resultFiles, resultFilesSince } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { forgetEnvironments } from '@parallel-pilot/shared/server/db/environments.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import { forgetTeamBlobs } from '@parallel-pilot/shared/server/db/team-blobs.ts';
import type { Parts } from '../parts.ts';
import { removeFiles } from './let-go.ts';

/** A blob that nobody names is kept for so long after it came, or was last said to be here. */
export const GRACE_MS = 60 * 60_000;
/** Installed packages that no job used for so long are installed anew for the next one. */
const KEPT_UNUSED_MS = 30 * 24 * 3_600_000;
const CANDIDATES = 50_000;
const PAGE = 5_000;
/** The balancer, which writes when a chunk finished, may run on a machine with another clock. */
const CLOCK_SKEW_MS = 10 * 60_000;

/**
 * Removes the blobs that no job, artifact or finished chunk names and that are
 * older than the grace period: what deleted jobs, unused uploads, dead leases
 * and refused archives leave. Whoever is told that a blob is here has it
 * touched, so the period also covers results not yet written to their chunk.
 */
export function createBlobSweep(parts: Parts): () => Promise<void> {
  let before: Promise<void> = Promise.resolve();
  return () => {
    before = before.catch(() => {}).then(() => sweep(parts));
    return before;
  };
}

async function sweep(parts: Parts): Promise<void> {
  const before = parts.clock() - GRACE_MS;
  await forgetTeamBlobs(parts.db, before);
  await forgetEnvironments(parts.db, parts.clock() - KEPT_UNUSED_MS);
  for (let after = ''; ; ) {
    const page = await oldBlobs(parts.db, before, after, CANDIDATES);
    const last = page.at(-1);
    if (last === undefined) return;
    const unused = new Set(page);
    const since = parts.clock() - CLOCK_SKEW_MS;
    await dropUsed(parts, unused);
    await remove(parts, unused, { before, since });
    after = last;
  }
}

async function dropUsed(parts: Parts, unused: Set<BlobHash>): Promise<void> {
  for (let after = ''; unused.size > 0; ) {
    const rows = await resultFiles(parts.db, after, PAGE);
    for (const { files_json } of rows) {
      keep(unused, files_json);
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE) return;
    after = last.id;
  }
}

// Without parsing: a word that happens to look like a hash keeps a blob at worst.
function keep(unused: Set<BlobHash>, filesJson: string): void {
  for (const [hash] of filesJson.matchAll(/[0-9a-f]{64}/g)) unused.delete(hash as BlobHash);
}

type Times = { before: number; since: number };

async function remove(parts: Parts, unused: Set<BlobHash>, { before, since }: Times): Promise<void> {
  if (unused.size === 0) return;
  await inTransaction(parts.db, async (db) => {
    // Results that were finished while the walk went on.
    for (const row of await resultFilesSince(db, since)) keep(unused, row.files_json ?? '');
    const hashes = [...unused];
    for (let at = 0; at < hashes.length; at += 500) {
      await deleteUnusedBlobs(db, hashes.slice(at, at + 500), { before });
    }
  });
  await removeFiles(parts, unused);
}
