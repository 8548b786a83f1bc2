import { isDeepStrictEqual } from 'node:util';
import { LEASE_MS } from '@parallel-pilot/shared/protocol/version.ts';
import type { BlobsChanged, Heartbeat, Progress } from '@parallel-pilot/shared/protocol/workers.ts';
import { followed } from '../prediction/course.ts';
import { blobKey, type Farm, type Lease, type SessionId, type Worker } from './farm.ts';
import { setOffer } from './resources.ts';

/**
 * Records that a worker is alive, at any message of its. Reports that are never
 * stored (heartbeats, progress, blobs) are recorded at once, past the queue of
 * events that wait for the database, so that a slow database does not make
 * workers look silent.
 */
export function recordHeartbeat(farm: Farm, session: SessionId, now: number): Worker | undefined {
  const worker = farm.sessions.get(session);
  if (worker === undefined) return undefined;
  worker.lastHeartbeat = now;
  worker.lostAt = now + LEASE_MS;
  return worker;
}

/** Records the load, and what the worker offers now. */
export function recordLoad(worker: Worker, { draining: _, lent: _lent, offer, ...load }: Heartbeat): void {
  worker.load = load;
  if (offer !== undefined) setOffer(worker, offer);
}

/** The leases whose progress is news, with what they printed where that is other than before. */
export function recordProgress(
  farm: Farm,
  worker: Worker,
  { chunks }: Progress,
  now: number,
): { lease: Lease; log: string | undefined }[] {
  const news: { lease: Lease; log: string | undefined }[] = [];
  for (const { lease: id, fraction, detail, kept = 0, values, log } of chunks) {
    const lease = farm.leases.get(id);
    if (lease === undefined || lease.worker !== worker) continue;
    const course = followed(lease.course, fraction, now);
    if (course !== undefined) lease.course = course;
    lease.keptFraction = Math.max(lease.keptFraction, kept);
    const measured = values !== undefined && !isDeepStrictEqual(values, lease.values);
    const printed = log === lease.log ? undefined : log;
    if (lease.fraction === fraction && lease.detail === detail && !measured && printed === undefined)
      continue;
    lease.fraction = fraction;
    lease.detail = detail;
    if (values !== undefined) lease.values = values;
    if (log !== undefined) lease.log = log;
    news.push({ lease, log: printed });
  }
  return news;
}

const BLOBS_REMEMBERED = 2_000;

export function recordBlobs(worker: Worker, { added, removed }: BlobsChanged): void {
  for (const hash of removed) worker.blobs.delete(blobKey(hash));
  for (const hash of added) {
    if (worker.blobs.size < BLOBS_REMEMBERED) worker.blobs.add(blobKey(hash));
  }
}
