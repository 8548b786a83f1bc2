import type { JobId, StageId } from '@parallel-pilot/shared/model/ids.ts';
import type { RejectChunks } from '@parallel-pilot/shared/protocol/control.ts';
import { putArtifact } from '@parallel-pilot/shared/server/db/artifacts.ts';
import { insertBlobs } from '@parallel-pilot/shared/server/db/blobs.ts';
import { countChunks } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import { findJob, type JobRow } from '@parallel-pilot/shared/server/db/jobs.ts';
import { addNotes, WAITING } from '@parallel-pilot/shared/server/db/notes.ts';
import { closeStage, newestStage, openAgain } from '@parallel-pilot/shared/server/db/stages.ts';
import { changeJob } from '../change-job.ts';
import type { Assembly, MadeArtifact, Unfinished } from '../kinds/kind.ts';
import type { Parts } from '../parts.ts';
import { announce } from './announce.ts';

/** Does with the job what its assembly came to. False when it is to be tried again after a while. */
export async function finishAssembly(parts: Parts, id: JobId, assembly: Assembly): Promise<boolean> {
  const job = await findJob(parts.db, id);
  if (job === undefined || job.state !== 'assembling') return true;
  parts.log.info({ event: 'job.assembly', job: id, outcome: assembly.outcome });
  return assembly.outcome === 'complete'
    ? announced(parts, id, await complete(parts, job, assembly.artifacts, assembly.notes))
    : takeUnfinished(parts, job, assembly);
}

/** Does with the job what its task stopped at. False when it is to be tried again after a while. */
export async function takeUnfinished(parts: Parts, job: JobRow, ended: Unfinished): Promise<boolean> {
  switch (ended.outcome) {
    case 'redo':
      return redo(parts, job, ended.chunks);
    case 'wait': {
      const note = { level: 'warning' as const, code: WAITING + ended.code, message: ended.message };
      if (await addNotes(parts.db, job.id, [note], parts.clock())) parts.live.jobChanged(job.id);
      return false;
    }
    case 'fail': {
      const { code, message } = ended;
      const changed = await changeJob(parts.db, job, { type: 'fail', code, message }, parts.clock());
      return announced(parts, job.id, changed.ok);
    }
    default:
      return ended satisfies never;
  }
}

type Notes = Extract<Assembly, { outcome: 'complete' }>['notes'];

function complete(parts: Parts, job: JobRow, artifacts: MadeArtifact[], notes: Notes): Promise<boolean> {
  return inTransaction(parts.db, async (db) => {
    const now = parts.clock();
    const stage = await newestStage(db, job.id);
    // Sent back meanwhile by a user: what was put together lacks it.
    const open = stage?.state === 'open';
    if (open && !(await isSettled(db, stage.id))) return false;
    const changed = await changeJob(db, job, { type: 'complete' }, now);
    if (!changed.ok) return false;
    if (open) await closeStage(db, stage.id, now);
    for (const { name, hash, size, mediaType } of artifacts) {
      await insertBlobs(db, [{ hash, size, media_type: mediaType, created_at: now }]);
      await putArtifact(db, { job_id: job.id, name, hash, size, media_type: mediaType, created_at: now });
    }
    await addNotes(db, job.id, notes, now);
    return true;
  });
}

async function isSettled(db: Db, stage: StageId): Promise<boolean> {
  const { queued = 0, leased = 0, running = 0 } = (await countChunks(db, [stage])).get(stage) ?? {};
  return queued + leased + running === 0;
}

// The chunks first: a crash in between leaves a job that is put together while chunks of it are open, which
// `decide` brings back to work. The other way round it would find all chunks done and try the bad results again.
async function redo(parts: Parts, job: JobRow, chunks: RejectChunks['chunks']): Promise<boolean> {
  await openAgain(parts.db, job.id);
  for (let from = 0; from < chunks.length; from += 1_000) {
    const part = chunks.slice(from, from + 1_000);
    const reply = await parts.balancer.rejectChunks({ job: job.id, because: 'unusable', chunks: part });
    if (!reply.ok) {
      parts.log.warn({ event: 'job.reject-refused', job: job.id, code: reply.code });
      return false;
    }
  }
  const note = {
    level: 'warning' as const,
    code: 'results-redone',
    message: `The check found ${chunks.length === 1 ? 'one unusable result' : `${chunks.length} unusable results`}, made again: ${chunks[0]?.message ?? ''}`,
  };
  await addNotes(parts.db, job.id, [note], parts.clock());
  // After a stage task the stage is still being worked on.
  if (job.state !== 'assembling') return announced(parts, job.id, true);
  return announced(parts, job.id, (await changeJob(parts.db, job, { type: 'redo' }, parts.clock())).ok);
}

function announced(parts: Parts, job: JobId, changed: boolean): true {
  if (changed) announce(parts, job);
  return true;
}
