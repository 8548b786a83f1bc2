import { isGrantable, LIVE_STATES } from '@parallel-pilot/shared/model/job.ts';
import type { RejectChunks } from '@parallel-pilot/shared/protocol/control.ts';
import { refusal } from '@parallel-pilot/shared/protocol/refusals.ts';
import { advance, cancelHeld, chunkChanged, dropLease } from '../farm/change-chunk.ts';
import { append, type Effect } from '../farm/effects.ts';
import type { FarmEvent, JobFacts, JobsRead, StoredChunk } from '../farm/events.ts';
import type { Farm, Job, Stage } from '../farm/farm.ts';
import { JobFault } from '../farm/job-fault.ts';
import { moveAll } from '../farm/move-chunks.ts';
import { setDeadline } from '../scheduling/deadlines.ts';
import { hasWork, startingShare, startingTeamShare } from '../scheduling/fairness.ts';
import { noteEnd } from '../scheduling/job-ends.ts';
import { enterJob, enterStage, growStage } from './enter-stage.ts';
import { handOver, leaveTeam } from './team-shares.ts';

type Event<T extends FarmEvent['type']> = Extract<FarmEvent, { type: T }>;

/** Throws JobFault for the first job whose rows cannot be taken in. */
export function onJobsRead(farm: Farm, read: JobsRead, now: number): Effect[] {
  const facts = new Map(read.jobs.map((job) => [job.id, job]));
  const open = new Set(read.openStages);
  const effects: Effect[] = [];
  for (const id of read.asked) {
    const known = farm.jobs.get(id);
    const job = facts.get(id);
    try {
      if (job !== undefined) append(effects, takeIn(farm, job, read, open, now));
      else if (known !== undefined) append(effects, forget(farm, known));
    } catch (error) {
      if (error instanceof JobFault) throw error;
      throw new JobFault(id, `Job ${id} cannot be taken in as it was read`, { cause: error });
    }
  }
  return effects;
}

function takeIn(farm: Farm, facts: JobFacts, read: JobsRead, open: Set<string>, now: number): Effect[] {
  const effects: Effect[] = [];
  const job = enterJob(farm, facts);
  handOver(farm, job, facts);
  // What others received while it stood still is not made up for.
  if (!isGrantable(job.status))
    job.usedSlotMs = Math.max(job.usedSlotMs, startingShare(farm, facts.team, facts.priority));
  if (!hasWork(farm, job.share))
    job.share.usedSlotMs = Math.max(job.share.usedSlotMs, startingTeamShare(farm));
  job.status = facts.status;
  job.priority = facts.priority;
  setDeadline(farm, job, facts.deadline);
  if (facts.status === 'assembling') noteEnd(farm, job, now);
  for (const loaded of read.loaded) {
    if (loaded.job === job.id && !farm.stages.has(loaded.id))
      append(effects, enterStage(farm, job, loaded, now));
  }
  for (const grown of read.grown ?? []) {
    const stage = farm.stages.get(grown.stage);
    if (stage?.job === job) growStage(stage, grown);
  }
  for (const stage of [...job.stages]) {
    if (!open.has(stage.id)) append(effects, closeStage(farm, stage, now));
  }
  if (facts.status === 'failed' || facts.status === 'canceled') {
    for (const stage of job.stages) append(effects, cancelStage(farm, stage, now));
  }
  if (!isLive(job) || job.stages.size === 0) append(effects, forget(farm, job));
  return effects;
}

const isLive = (job: Job): boolean => LIVE_STATES.some((state) => state === job.status);

// Closed before it was settled: what is left of it is not wanted any more.
function closeStage(farm: Farm, stage: Stage, now: number): Effect[] {
  const effects = cancelStage(farm, stage, now);
  farm.stages.delete(stage.id);
  stage.job.stages.delete(stage);
  return effects;
}

function cancelStage(farm: Farm, stage: Stage, now: number): Effect[] {
  const effects = cancelHeld(farm, stage, now);
  if (stage.chunks.count('queued') === 0) return effects;
  effects.push({ type: 'write', write: { type: 'cancel-queued', stage: stage.id, at: now } });
  return [...effects, ...moveAll(stage, ['queued'], { type: 'cancel' })];
}

// The rows are gone or settled: nothing is left to write.
function forget(farm: Farm, job: Job): Effect[] {
  const effects: Effect[] = [];
  for (const lease of [...farm.leases.values()]) {
    if (lease.stage.job !== job) continue;
    const { session, id } = lease.worker;
    dropLease(farm, lease);
    if (session !== null) effects.push({ type: 'revoke', session, leases: [lease.id] });
    effects.push({ type: 'worker-changed', worker: id });
  }
  for (const stage of job.stages) farm.stages.delete(stage.id);
  farm.jobs.delete(job.id);
  leaveTeam(farm, job.share);
  return effects;
}

export function onRetry(farm: Farm, event: Event<'retry'>, now: number): Effect[] {
  const effects = onJobsRead(farm, event.read, now);
  if (event.stage === null) {
    const reply = refusal('not-allowed', 'The job has no open stage, so there is nothing to try again.');
    return [...effects, { type: 'reply', to: event.reply, reply }];
  }
  const stage = farm.stages.get(event.stage);
  if (stage !== undefined) {
    // A retry says that the cause was dealt with: failures of workers are forgotten too.
    stage.job.failures.clear();
    stage.avoid.clear();
    stage.memory.needs.clear();
    append(effects, moveAll(stage, ['failed', 'canceled'], { type: 'retry' }));
  }
  return [
    ...effects,
    { type: 'write', write: { type: 'retry', stage: event.stage } },
    { type: 'reply', to: event.reply, reply: { ok: true } },
  ];
}

export function onReject(farm: Farm, event: Event<'reject'>, now: number): Effect[] {
  const standing = new Map(event.standing.map((chunk) => [chunk.chunk, chunk]));
  const effects: Effect[] = [];
  for (const { chunk, message } of event.reject.chunks) {
    const stored = standing.get(chunk);
    if (stored?.job === event.reject.job)
      append(effects, rejectOne(farm, stored, { because: event.reject.because, message }, now));
  }
  return [...effects, { type: 'reply', to: event.reply, reply: { ok: true } }];
}

// A chunk that is not done any more is being made again already.
function rejectOne(
  farm: Farm,
  stored: StoredChunk,
  { because, message }: { because: RejectChunks['because']; message: string },
  now: number,
): Effect[] {
  const { chunk, lease, worker, attempts, ordinal, status } = stored;
  if (status !== 'done' || lease === null || worker === null) return [];
  const done = { status, attempts, accepted: lease } as const;
  const of = { id: stored.stage, job: { id: stored.job } };
  const wish =
    because === 'asked' ? ({ type: 'redo', lease } as const) : ({ type: 'reject', lease, message } as const);
  const { state } = advance(of, ordinal, done, wish);
  const failure = state.status === 'failed' ? { code: state.code, message: state.message } : null;
  const effects: Effect[] = [
    { type: 'write', write: { type: 'reject', chunk, lease, attempts: state.attempts, failure, at: now } },
  ];
  const stage = farm.stages.get(stored.stage);
  if (stage?.chunks.has(ordinal)) {
    stage.chunks.set(ordinal, state.status, state.attempts);
    stage.avoid.set(ordinal, worker);
    effects.push(chunkChanged(stage, ordinal, null));
  }
  return effects;
}
