import { kindOf } from '@parallel-pilot/shared/kinds/registry.ts';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { Placement } from '@parallel-pilot/shared/model/placement.ts';
import { keyOf, resultsIn, withResults } from '@parallel-pilot/shared/model/result-of.ts';
import { keepBlobs } from '@parallel-pilot/shared/server/db/artifacts.ts';
import { insertBlobs, knownBlobs } from '@parallel-pilot/shared/server/db/blobs.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import { findJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import { deleteStage } from '@parallel-pilot/shared/server/db/stages.ts';
import { noteTeamBlob } from '@parallel-pilot/shared/server/db/team-blobs.ts';
import { changeJob } from '../change-job.ts';
import type { BackgroundTask, Unfinished } from '../kinds/kind.ts';
import { backendKindOf } from '../kinds/registry.ts';
import type { Parts } from '../parts.ts';
import { announce } from './announce.ts';
import { findResult } from './find-result.ts';
import { takeUnfinished } from './finish-assembly.ts';
import { planStage } from './plan-stage.ts';

type Prepared = { outcome: 'prepared'; spec: unknown; blobs: BlobHash[] } | Unfinished;

/** Puts the files that other jobs came to into the submission of a blocked job, and has its kind look at that. */
export async function prepareBlocked(parts: Parts, { job }: BackgroundTask): Promise<Prepared> {
  const { db, clock } = parts;
  const submission: unknown = JSON.parse(job.unprepared_json ?? 'null');
  const hashes = new Map<string, BlobHash>();
  for (const wanted of resultsIn(submission)) {
    const of = await findJob(db, wanted.job, job.team_id);
    const found = of === undefined ? null : await findResult(parts, of, wanted.result);
    if (found === null || found.outcome !== 'found') return found ?? GONE;
    const now = clock();
    await insertBlobs(db, [
      { hash: found.hash, size: found.size, media_type: found.mediaType, created_at: now },
    ]);
    await noteTeamBlob(db, job.team_id, found.hash, now);
    hashes.set(keyOf(wanted), found.hash);
  }
  const whole = withResults(submission, (result) => hashes.get(keyOf(result)));
  const by = { person: job.person_id, team: job.team_id };
  const placement = Placement.parse(JSON.parse(job.placement_json ?? '{}'));
  const prepared = await backendKindOf(job.kind).prepare(parts, whole, by, placement);
  if (!prepared.ok) return { outcome: 'fail', code: prepared.code, message: prepared.message };
  return { outcome: 'prepared', spec: kindOf(job.kind).spec.parse(prepared.spec), blobs: prepared.blobs };
}

const GONE: Unfinished = {
  outcome: 'fail',
  code: 'result-missing',
  message: 'A job whose results this one takes was deleted.',
};

/** Makes what was prepared true, whole or not at all: the spec, its first stage, and the blobs it keeps. False when it is to be tried again. */
export async function takePrepared(
  parts: Parts,
  { job: { id }, stage }: BackgroundTask,
  prepared: Prepared,
): Promise<boolean> {
  const job = await findJob(parts.db, id);
  if (job === undefined || job.state !== 'blocked') return true;
  if (prepared.outcome !== 'prepared') return takeUnfinished(parts, job, prepared);
  const { spec, blobs } = prepared;
  const done = await inTransaction(parts.db, async (db) => {
    const distinct = new Set(blobs);
    if ((await knownBlobs(db, [...distinct])).size < distinct.size) return false;
    const columns = { spec_json: JSON.stringify(spec), unprepared_json: null };
    const changed = await changeJob(db, job, { type: 'unblock', to: 'preparing' }, parts.clock(), columns);
    if (!changed.ok) return false;
    // It stood for what nobody could plan yet.
    await deleteStage(db, stage.id);
    await keepBlobs(db, id, blobs);
    await planStage(db, parts, job, 0, kindOf(job.kind).first(spec));
    return true;
  });
  if (done) announce(parts, id);
  return done;
}
