import { blamesWorker } from '@parallel-pilot/shared/kinds/failures.ts';
import type { ChunkStatus } from '@parallel-pilot/shared/model/chunk.ts';
import { FailureCode } from '@parallel-pilot/shared/model/failures.ts';
import { MORE_MEMORY } from '@parallel-pilot/shared/model/resources.ts';
import { addLease, endStray, requeueUnheld } from '../farm/change-chunk.ts';
import { noteTakenBack } from '../farm/checkpoints.ts';
import { addTime } from '../farm/chunk-times.ts';
import { createJob, createStage } from '../farm/create-job.ts';
import { append, type Effect } from '../farm/effects.ts';
import { noteFailure } from '../farm/end-lease.ts';
import type { JobFacts, JobsRead, LoadedStage } from '../farm/events.ts';
import type { Farm, Job, Stage, Worker } from '../farm/farm.ts';
import { noteMemoryNeed } from '../farm/resources.ts';
import { createTimes } from '../prediction/stage-times.ts';
import { startingShare } from '../scheduling/fairness.ts';
import { createWorker } from './on-worker.ts';
import { enterTeam } from './team-shares.ts';

/** How long workers have to come back after this process has started, milliseconds. */
export const RETURN_MS = 15_000;

export function enterJob(farm: Farm, facts: JobFacts): Job {
  const known = farm.jobs.get(facts.id);
  if (known !== undefined) return known;
  const used = startingShare(farm, facts.team, facts.priority);
  const job = createJob(enterTeam(farm, facts.team), facts, used);
  farm.jobs.set(job.id, job);
  return job;
}

/** Takes in a stage as it stands in the database, its open leases with it. What contradicts itself there is put right. */
export function enterStage(farm: Farm, job: Job, loaded: LoadedStage, now: number): Effect[] {
  const { id, chunks } = loaded;
  const stage = createStage(job, loaded);
  for (const { ordinal, lease, checkpoint } of loaded.takenBack)
    noteTakenBack(stage, ordinal, { lease, file: checkpoint });
  farm.stages.set(id, stage);
  job.stages.add(stage);
  for (const ms of loaded.busyTimes) addTime(stage, ms);
  const effects: Effect[] = [];
  for (const { lease: id, worker, gang = null, ...facts } of loaded.held) {
    const holder = farm.workers.get(worker) ?? expectBack(farm, worker, now);
    const lease = addLease(farm, { ...facts, gang, id, stage, worker: holder, grantedAt: now });
    if (!isHeld(chunks.status(facts.ordinal))) append(effects, endStray(farm, lease, now));
  }
  for (const ordinal of chunks.withStatus('leased', 'running')) {
    if (!stage.held.has(ordinal)) append(effects, requeueUnheld(stage, ordinal, now));
  }
  recall(job, stage, loaded);
  return effects;
}

/** Takes in chunks that were added to it. */
export function growStage(stage: Stage, { size, added }: NonNullable<JobsRead['grown']>[number]): void {
  const from = stage.chunks.size;
  if (size <= from) return;
  stage.chunks = stage.chunks.grownTo(size);
  stage.times = createTimes(size);
  for (const { ordinal, state, attempts } of added)
    if (ordinal >= from) stage.chunks.set(ordinal, state, attempts);
}

const isHeld = (status: ChunkStatus): boolean => status === 'leased' || status === 'running';

/** A worker that was connected before this process started. */
export function expectBack(farm: Farm, id: Worker['id'], now: number): Worker {
  const worker = { ...createWorker(id), lastHeartbeat: now, lostAt: now + RETURN_MS };
  farm.workers.set(id, worker);
  return worker;
}

function recall(job: Job, stage: Stage, loaded: LoadedStage): void {
  for (const worker of loaded.succeeded) job.succeeded.add(worker);
  for (const { chunk, worker, code, message, peakMemoryBytes } of loaded.failures) {
    const known = FailureCode.safeParse(code).data;
    job.lastFailure = { code: known ?? 'unexpected', message };
    const dot = chunk.lastIndexOf('.');
    const ordinal = Number(chunk.slice(dot + 1));
    const waits = chunk.slice(0, dot) === stage.id && stage.chunks.status(ordinal) === 'queued';
    if (known === 'out-of-memory' && peakMemoryBytes > 0) {
      if (waits) noteMemoryNeed(stage, ordinal, Math.ceil(MORE_MEMORY * peakMemoryBytes));
      continue;
    }
    if (known !== undefined && blamesWorker(known)) noteFailure(job, worker, chunk);
    if (waits) stage.avoid.set(ordinal, worker);
  }
}
