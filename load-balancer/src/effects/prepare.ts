import { resultProblemOf } from '@parallel-pilot/shared/kinds/registry.ts';
import { STANDARD_ESCALATION } from '@parallel-pilot/shared/model/escalation.ts';
import type { BlobHash, ChunkId, JoinTokenId, LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import type { DeliveredFile, Done } from '@parallel-pilot/shared/protocol/workers.ts';
import { knownBlobs } from '@parallel-pilot/shared/server/db/blobs.ts';
import { chunkSpecTexts, chunksById } from '@parallel-pilot/shared/server/db/chunks.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { type BroughtToken, broughtTokensById } from '@parallel-pilot/shared/server/db/join-tokens.ts';
import { knownPresentWorkers, knownWorkers } from '@parallel-pilot/shared/server/db/workers.ts';
import { newMachineSecret } from '@parallel-pilot/shared/server/machine-secrets.ts';
import { sha256 } from '@parallel-pilot/shared/server/secrets.ts';
import { verifyReceipt } from '@parallel-pilot/shared/server/signature.ts';
import type { FarmEvent, FileFault, Pass, ResultFault, StoredChunk, TokenUses } from '../farm/events.ts';
import { chunkOf, type Farm } from '../farm/farm.ts';
import type { EngineParts } from './engine-parts.ts';
import type { BroughtPass, Inbound } from './inbound.ts';
import type { Quarantine } from './quarantine.ts';
import { changedJobs, readJobs } from './read-jobs.ts';
import { readChunkLimits, readEscalation } from './read-limits.ts';

export type Prepared = { event: FarmEvent; from: Inbound[] };

/** Asks the database what the handlers must know, with one query for each sort of question. */
export async function prepare(
  parts: Pick<
    EngineParts,
    'db' | 'lender' | 'quarantine' | 'signingKey' | 'chunksOfEachTeam' | 'escalation' | 'random' | 'clock'
  >,
  farm: Farm,
  batch: readonly Inbound[],
): Promise<Prepared[]> {
  const { db, quarantine, signingKey } = parts;
  const joining = await readJoining(parts, batch);
  const hashes = batch.flatMap((it) => filesIn(it).map((file) => file.hash));
  const stored = await knownBlobs(db, [...new Set(hashes)]);
  const leases = batch.flatMap((it) => (it.type === 'done' ? (farm.leases.get(it.done.lease) ?? []) : []));
  const specs = await chunkSpecTexts(db, leases.map(chunkOf));
  const prepared: Prepared[] = await hinted(db, farm, batch, quarantine);
  if (batch.some((it) => it.type === 'sweep')) {
    const limits = await readChunkLimits(db, parts.chunksOfEachTeam ?? null);
    prepared.push({ from: [], event: { type: 'limits-read', limits } });
    const escalation = await readEscalation(db, parts.escalation ?? STANDARD_ESCALATION);
    prepared.push({ from: [], event: { type: 'farm-settings-read', escalation } });
  }
  const settings = await readSettings(parts, farm, batch);
  if (settings !== null) prepared.push(settings);
  for (const it of batch) {
    if (isHint(it)) continue;
    prepared.push({ from: [it], event: await complete(it) });
  }
  return prepared;

  function fileFault(lease: LeaseId, files: DeliveredFile[]): FileFault | null {
    return faultOf({ lease, files }, stored, signingKey);
  }

  async function complete(it: Exclude<Inbound, Hint>): Promise<FarmEvent> {
    switch (it.type) {
      case 'hello':
        return joining(it);
      case 'done':
        return { ...it, fault: fileFault(it.done.lease, filesIn(it)) ?? reportFault(farm, it.done, specs) };
      case 'preempted':
        return { ...it, fault: fileFault(it.preempted.lease, filesIn(it)) };
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

function filesIn(it: Inbound): DeliveredFile[] {
  if (it.type === 'done') return it.done.files;
  return it.type === 'preempted' && it.preempted.checkpoint !== null ? [it.preempted.checkpoint] : [];
}

type Hello = Extract<Inbound, { type: 'hello' }>;
type Hint = Extract<Inbound, { type: 'jobs-hint' | 'workers-hint' | 'sweep' }>;
const isHint = (it: Inbound): it is Hint =>
  it.type === 'jobs-hint' || it.type === 'workers-hint' || it.type === 'sweep';

async function readJoining(
  { db, lender, random, clock }: Pick<EngineParts, 'db' | 'lender' | 'random' | 'clock'>,
  batch: readonly Inbound[],
): Promise<(hello: Hello) => FarmEvent> {
  const hellos = batch.filter((it) => it.type === 'hello');
  const known = await knownWorkers(
    db,
    hellos.map((it) => it.hello.worker),
  );
  const byId = new Map(known.map((worker) => [worker.id, worker]));
  const brought = hellos.flatMap(({ pass }) => (pass.type === 'join-token' ? [pass.token] : []));
  const now = clock();
  const uses = new Map<JoinTokenId, TokenUses>();
  for (const row of await broughtTokensById(db, [...new Set(brought)])) {
    if (!isGood(row, now)) continue;
    const { person_id: person, team_id: team, works_for: worksFor } = row;
    uses.set(row.id, { id: row.id, lender: { person, team, worksFor }, usesLeft: row.uses_left });
  }
  return (hello) => ({ ...hello, known: byId.get(hello.hello.worker) ?? null, pass: passOf(hello.pass) });

  function passOf(pass: BroughtPass): Pass {
    if (pass.type === 'farm') return { type: 'farm', lender };
    if (pass.type === 'credential') return pass;
    const credential = newMachineSecret('credential', random);
    const fresh = { credential, hash: sha256(credential) };
    return { type: 'join-token', token: uses.get(pass.token) ?? null, fresh };
  }
}

const isGood = ({ lends, revoked_at, expires_at }: BroughtToken, now: number): boolean =>
  lends && revoked_at === null && (expires_at === null || expires_at > now);

/** A hint that was lost is made up for so soon. */
const SETTINGS_EVERY_MS = 10_000;

/** Of those that were named; now and then of all. */
async function readSettings(
  { db, clock }: Pick<EngineParts, 'db' | 'clock'>,
  farm: Farm,
  batch: readonly Inbound[],
): Promise<Prepared | null> {
  const hints = batch.filter((it) => it.type === 'workers-hint');
  const due = batch.some((it) => it.type === 'sweep') && clock() - farm.settingsReadAt >= SETTINGS_EVERY_MS;
  if (due) farm.settingsReadAt = clock();
  const named = [...new Set(hints.flatMap((it) => it.workers))].filter((id) => farm.workers.has(id));
  if (!due && named.length === 0) return null;
  const known = due ? await knownPresentWorkers(db) : await knownWorkers(db, named);
  return { from: hints, event: { type: 'workers-read', known } };
}

// The receipts first: nobody learns whether a file is stored by naming it.
function faultOf(
  { lease, files }: { lease: LeaseId; files: DeliveredFile[] },
  stored: Set<BlobHash>,
  key: string,
): FileFault | null {
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
    lease: row.accepted_lease_id,
    worker: row.worker_id,
  }));
}
