import type { PersonId, TeamId, WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import { ENDINGS } from '@parallel-pilot/shared/model/lease.ts';
import {
  cancelQueued,
  failQueued,
  moveChunks,
  rejectChunk,
  retryChunks,
} from '@parallel-pilot/shared/server/db/chunks.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { takeUse } from '@parallel-pilot/shared/server/db/join-tokens.ts';
import {
  dropResult,
  type EndedLease,
  endLeases,
  insertLeases,
  startLeases,
} from '@parallel-pilot/shared/server/db/leases.ts';
import { addArrived, forgetOldLoad, noteLoad, setOpen } from '@parallel-pilot/shared/server/db/load.ts';
import { addBusy, monthOf } from '@parallel-pilot/shared/server/db/usage.ts';
import { noteWorkerLoads } from '@parallel-pilot/shared/server/db/worker-history.ts';
import {
  countResults,
  forgetIdleWorkers,
  noteWorkersSeen,
  saveWorker,
  setWorkerStatus,
} from '@parallel-pilot/shared/server/db/workers.ts';
import type { EndWrite, MoveWrite, Write } from '../farm/effects.ts';
import { type Grant, inSteps, type Start, type Step } from './write-steps.ts';

/** The database holds something else than this process had in mind: read it again. */
export class Conflict extends Error {}

/** Performs the writes in order; call it in a transaction. Throws Conflict when a row was not found as expected. */
export async function performWrites(db: Db, writes: readonly Write[]): Promise<void> {
  for (const step of inSteps(writes)) await performStep(db, step);
  await performCounts(db, writes);
  await performUsage(db, writes);
  await performArrived(db, writes);
}

async function performStep(db: Db, step: Step): Promise<void> {
  switch (step.type) {
    case 'grants':
      return performGrants(db, step.grants);
    case 'starts':
      return performStarts(db, step.starts);
    case 'ends':
      return performEnds(db, step.ends);
    case 'moves':
      return performMoves(db, step.moves);
    case 'single':
      return performSingle(db, step.write);
    default:
      return step satisfies never;
  }
}

const performGrants = (db: Db, grants: Grant[]): Promise<void> =>
  insertLeases(
    db,
    grants.map(({ lease, chunk, job, worker, purpose, gang, at }) => ({
      id: lease,
      chunk_id: chunk,
      job_id: job,
      worker_id: worker,
      purpose,
      gang_size: gang,
      granted_at: at,
    })),
  );

async function performStarts(db: Db, starts: Start[]): Promise<void> {
  const leases = starts.map((it) => it.lease);
  expectAll('started', await startLeases(db, leases, starts[0]?.at ?? 0), starts.length);
}

async function performEnds(db: Db, ends: EndWrite[]): Promise<void> {
  const [first] = ends;
  if (first === undefined) return;
  expectAll('ended', await endLeases(db, first.outcome, ends.map(toEnded), first.at), ends.length);
}

async function performMoves(db: Db, moves: MoveWrite[]): Promise<void> {
  const [first] = moves;
  if (first !== undefined) expectAll(first.state, await moveChunks(db, moves, first.at), moves.length);
}

const toEnded = ({ lease, startedAt, failure, said, result }: EndWrite): EndedLease => ({
  lease,
  startedAt,
  failure,
  busyMs: said?.busyMs ?? null,
  peakMemoryBytes: said?.peakMemoryBytes ?? null,
  log: said?.log ?? null,
  result: result === null ? null : { json: result.json, filesJson: JSON.stringify(result.files) },
});

type Single = Extract<Step, { type: 'single' }>['write'];

async function performSingle(db: Db, write: Single): Promise<void> {
  switch (write.type) {
    case 'cancel-queued':
      await cancelQueued(db, write.stage, write.at);
      return;
    case 'fail-queued':
      await failQueued(db, write.stage, write);
      return;
    case 'retry':
      await retryChunks(db, write.stage);
      return;
    case 'reject':
      expectAll('rejected', await rejectChunk(db, write), 1);
      return;
    case 'drop-checkpoint':
      return dropResult(db, write.lease);
    case 'worker':
      return performJoin(db, write);
    case 'worker-status':
      return setWorkerStatus(db, write.worker, write.status, write.at);
    case 'workers-seen':
      return noteWorkersSeen(db, write.workers, write.at);
    case 'load':
      return performLoad(db, write);
    case 'worker-loads':
      return noteWorkerLoads(db, write.samples, write.at);
    case 'forget-idle':
      return forgetIdleWorkers(db, write.at);
    default:
      return write satisfies never;
  }
}

async function performJoin(db: Db, write: Extract<Write, { type: 'worker' }>): Promise<void> {
  const { joined } = write;
  const { revives } = write;
  if (joined === null) return saveWorker(db, workerRow(write), { joined, revives });
  if (joined.takes) expectAll('taken', Number(await takeUse(db, joined.token)), 1);
  const { person, team, worksFor } = write.lender;
  const fields = {
    person_id: person,
    team_id: team,
    works_for: worksFor,
    join_token_id: joined.token,
    credential_hash: joined.credentialHash,
  };
  await saveWorker(db, workerRow(write), { joined: fields, revives });
}

const workerRow = ({ hello, identityHash, lender, at }: Extract<Write, { type: 'worker' }>) => ({
  id: hello.worker,
  identity_hash: identityHash,
  person_id: lender.person,
  team_id: lender.team,
  works_for: lender.worksFor,
  name: hello.name,
  slots: hello.slots,
  capabilities_json: JSON.stringify(hello.capabilities),
  machine_json: JSON.stringify(hello.machine),
  said_tags_json: hello.tags === undefined ? null : JSON.stringify(hello.tags),
  said_pools_json: hello.pools === undefined ? null : JSON.stringify(hello.pools),
  offer_json: JSON.stringify(hello.offer),
  said_lending_json: JSON.stringify(hello.lending),
  connected_at: at,
  last_seen_at: at,
});

// Workers with equal counts share a statement.
async function performCounts(db: Db, writes: readonly Write[]): Promise<void> {
  const counts = new Map<WorkerId, { done: number; failed: number }>();
  for (const write of writes) {
    const counted = write.type === 'end' ? ENDINGS[write.outcome].counted : null;
    if (write.type !== 'end' || counted === null) continue;
    const count = counts.get(write.worker) ?? { done: 0, failed: 0 };
    count[counted] += 1;
    counts.set(write.worker, count);
  }
  const alike = Map.groupBy(counts, ([, { done, failed }]) => `${done}/${failed}`);
  for (const group of alike.values()) {
    const [first] = group;
    if (first !== undefined)
      await countResults(
        db,
        group.map(([worker]) => worker),
        first[1],
      );
  }
}

/** In the transaction in which the leases end: what they cost is counted once, whatever dies. */
async function performUsage(db: Db, writes: readonly Write[]): Promise<void> {
  const months = new Map<string, Map<TeamId | PersonId, number>>();
  for (const write of writes) {
    if (write.type !== 'end' || write.spentMs === 0) continue;
    const month = monthOf(write.at);
    const spent = months.get(month) ?? new Map<TeamId | PersonId, number>();
    months.set(month, spent);
    for (const holder of [write.team, write.person])
      spent.set(holder, (spent.get(holder) ?? 0) + write.spentMs);
  }
  for (const [month, spent] of months) await addBusy(db, spent, month);
}

/** In the same transaction, for the same reason. */
async function performArrived(db: Db, writes: readonly Write[]): Promise<void> {
  const work = new Map<number, number>();
  for (const write of writes) {
    if (write.type !== 'end' || write.work === null) continue;
    const { quarter, ms } = write.work;
    work.set(quarter, (work.get(quarter) ?? 0) + ms);
  }
  await addArrived(db, work);
}

async function performLoad(
  db: Db,
  { samples, open, forget, at }: Extract<Write, { type: 'load' }>,
): Promise<void> {
  await noteLoad(db, samples);
  await setOpen(db, open);
  if (forget) await forgetOldLoad(db, at);
}

function expectAll(what: string, found: number, wanted: number): void {
  if (found !== wanted) throw new Conflict(`${found} of ${wanted} rows could be ${what}`);
}
