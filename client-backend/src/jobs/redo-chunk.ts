import type { Principal } from '@parallel-pilot/shared/access/principal.ts';
import { kindOf } from '@parallel-pilot/shared/kinds/registry.ts';
import { chunkId, type JobId } from '@parallel-pilot/shared/model/ids.ts';
import { findChunk } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import { findJob, type JobRow } from '@parallel-pilot/shared/server/db/jobs.ts';
import {
  newestStage,
  openAgain,
  reopenStage,
  type StageRow,
} from '@parallel-pilot/shared/server/db/stages.ts';
import { changeJob } from '../change-job.ts';
import type { Parts } from '../parts.ts';
import { BALANCER_AWAY, notNow, type Outcome, withJob } from './actions.ts';
import { announce } from './announce.ts';
import type { PartsWithEngine } from './engine.ts';

/**
 * Has a done chunk made once more within its job, and the result put together
 * anew from it and all others. What was put together before stays until then;
 * the chunk's own result goes when the wish is taken.
 *
 * A completed job is opened first, which by itself only puts the same result
 * together once more: so a process that dies at any point leaves a job that
 * ends complete, at worst without the wish, which nobody was promised yet.
 */
export function redoChunk(
  parts: PartsWithEngine,
  by: Principal,
  id: JobId,
  ordinal: number,
): Promise<Outcome> {
  return withJob(parts, by, id, async (job) => {
    const stage = await newestStage(parts.db, id);
    const chunk = stage === undefined ? undefined : await findChunk(parts.db, stage.id, ordinal);
    if (stage === undefined || chunk === undefined) return NO_CHUNK;
    if (!kindOf(job.kind).redoes.includes(stage.name)) {
      return notNow(job.state, 'No part of this job can be made once more by itself');
    }
    if (job.state === 'failed' || job.state === 'canceled') {
      return notNow(job.state, 'Retry the job first: a part is only made once more in a job that goes on');
    }
    // On its way already: whoever asks twice gets what they asked for.
    if (chunk.state === 'queued' || chunk.state === 'leased' || chunk.state === 'running')
      return { ok: true };
    if (chunk.state !== 'done') {
      return notNow(job.state, 'This part failed; it is tried once more with "Retry" when the job is over');
    }
    if (!parts.balancer.connected()) return BALANCER_AWAY;
    const opened = job.state === 'completed' ? await reopen(parts, job, stage) : job;
    if (opened === null) return notNow(job.state, 'The job changed at the same moment; look again');
    if (opened.state === 'assembling') await openAgain(parts.db, id);
    const reply = await parts.balancer.rejectChunks({
      job: id,
      because: 'asked',
      chunks: [{ chunk: chunkId(stage.id, ordinal), message: 'Asked for once more' }],
    });
    if (!reply.ok) return BALANCER_AWAY;
    if (opened.state === 'assembling') await changeJob(parts.db, opened, { type: 'redo' }, parts.clock());
    parts.log.info({ event: 'chunk.redo', job: id, ordinal });
    announce(parts, id);
    return { ok: true };
  });
}

/** Null when somebody else changed the job meanwhile. */
async function reopen(parts: Parts, job: JobRow, stage: StageRow): Promise<JobRow | null> {
  const done = await inTransaction(parts.db, async (db) => {
    const changed = await changeJob(db, job, { type: 'reopen' }, parts.clock());
    if (!changed.ok) return false;
    if (!(await reopenStage(db, stage.id))) throw new Error(`stage ${stage.id} of a completed job is open`);
    return true;
  });
  return done ? ((await findJob(parts.db, job.id)) ?? null) : null;
}

const NO_CHUNK: Outcome = {
  ok: false,
  status: 404,
  code: 'chunk-unknown',
  message: 'The job has no such part.',
};
