import { resultProblemOf } from '@parallel-pilot/shared/kinds/registry.ts';
import type { BlobHash, ChunkId } from '@parallel-pilot/shared/model/ids.ts';
import type { Done } from '@parallel-pilot/shared/protocol/workers.ts';
import { knownBlobs } from '@parallel-pilot/shared/server/db/blobs.ts';
import { chunkSpecTexts, chunksById } from '@parallel-pilot/shared/server/db/chunks.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { identityHashes } from '@parallel-pilot/shared/server/db/workers.ts';
import { verifyReceipt } from '@parallel-pilot/shared/server/signature.ts';
import type { FarmEvent, ResultFault, StoredChunk } from '../farm/events.ts';
import { chunkOf, type Farm } from '../farm/farm.ts';
import type { EngineParts } from './engine-parts.ts';
import type { Inbound } from './inbound.ts';
import type { Quarantine } from './quarantine.ts';
import { changedJobs, readJobs } from './read-jobs.ts';
import { readChunkLimits } from './read-limits.ts';

export type Prepared = { event: FarmEvent; from: Inbound[] };

/** Asks the database what the handlers must know, with one query for each sort of question. */
export async function prepare(
  {
    db,
    lender,
    quarantine,
    signingKey,
    chunksOfEachTeam = null,
  }: Pick<EngineParts, 'db' | 'lender' | 'quarantine' | 'signingKey' | 'chunksOfEachTeam'>,
  farm: Farm,
  batch: readonly Inbound[],
): Promise<Prepared[]> {
  const identities = await identityHashes(
    db,
    batch.filter((it) => it.type === 'hello').map((it) => it.hello.worker),
  );
  const hashes = batch.flatMap((it) => (it.type === 'done' ? it.done.files.map((file) => file.hash) : []));
  const stored = await knownBlobs(db, [...new Set(hashes)]);
  const leases = batch.flatMap((it) => (it.type === 'done' ? (farm.leases.get(it.done.lease) ?? []) : []));
  const specs = await chunkSpecTexts(db, leases.map(chunkOf));
  const prepared: Prepared[] = await hinted(db, farm, batch, quarantine);
  if (batch.some((it) => it.type === 'sweep')) {
    const limits = await readChunkLimits(db, chunksOfEachTeam);
    prepared.push({ from: [], event: { type: 'limits-read', limits } });
  }
  for (const it of batch) {
    if (it.type === 'jobs-hint' || it.type === 'sweep') continue;
    prepared.push({ from: [it], event: await complete(it) });
  }
  return prepared;

  async function complete(it: Exclude<Inbound, { type: 'jobs-hint' | 'sweep' }>): Promise<FarmEvent> {
    switch (it.type) {
      case 'hello':
        return { ...it, lender, knownIdentity: identities.get(it.hello.worker) ?? null };
      case 'done':
        return { ...it, fault: faultOf(it.done, stored, signingKey) ?? reportFault(farm, it.done, specs) };
      case 'retry': {
        const read = await readJobs(db, farm, [it.job], quarantine);
        return { ...it, read, stage: read.openStages.at(-1) ?? null };
      }
      case 'reject':
        return {
          ...it,
          standing: await standingOf(
            db,
            it.reject.chunks.map((chunk) => chunk.chunk),
          ),
        };
      default:
        return it;
    }
  }
}

// The receipts first: nobody learns whether a file is stored by naming it.
function faultOf({ lease, files }: Done, stored: Set<BlobHash>, key: string): ResultFault | null {
  if (files.some(({ receipt, ...file }) => !verifyReceipt({ lease, ...file }, receipt, key)))
    return { code: 'not-uploaded' };
  return files.some((file) => !stored.has(file.hash)) ? { code: 'blob-missing' } : null;
}

function reportFault(
  farm: Farm,
  { lease: id, result }: Done,
  specs: ReadonlyMap<ChunkId, string>,
): ResultFault | null {
  const lease = farm.leases.get(id);
  const spec = lease === undefined ? undefined : specs.get(chunkOf(lease));
  if (lease === undefined || spec === undefined) return null;
  const { stage } = lease;
  const message = resultProblemOf(stage.job.kind, stage, JSON.parse(spec), result);
  return message === null ? null : { code: 'result-invalid', message };
}

async function hinted(
  db: Db,
  farm: Farm,
  batch: readonly Inbound[],
  quarantine: Quarantine,
): Promise<Prepared[]> {
  const from = batch.filter((it) => it.type === 'jobs-hint' || it.type === 'sweep');
  if (from.length === 0) return [];
  const jobs = new Set(from.flatMap((it) => (it.type === 'jobs-hint' ? it.jobs : [])));
  if (from.some((it) => it.type === 'sweep')) for (const job of await changedJobs(db, farm)) jobs.add(job);
  return jobs.size === 0 ? [] : [{ from, event: await readJobs(db, farm, [...jobs], quarantine) }];
}

async function standingOf(db: Db, ids: Parameters<typeof chunksById>[1]): Promise<StoredChunk[]> {
  const rows = await chunksById(db, ids);
  return rows.map((row) => ({
    chunk: row.id,
    job: row.job_id,
    stage: row.stage_id,
    ordinal: row.ordinal,
    status: row.state,
    attempts: row.attempts,
    lease: row.lease_id,
    worker: row.worker_id,
  }));
}
