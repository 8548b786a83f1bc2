import type { NextStep, StagePlan } from '@parallel-pilot/shared/kinds/kind.ts';
import { chunkInputsOf, kindOf } from '@parallel-pilot/shared/kinds/registry.ts';
import type { BlobHash, JobId } from '@parallel-pilot/shared/model/ids.ts';
import type { JobEvent } from '@parallel-pilot/shared/model/job.ts';
import { keepBlobs } from '@parallel-pilot/shared/server/db/artifacts.ts';
import { countChunks, firstStart } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { freeFiles } from '@parallel-pilot/shared/server/db/chunks.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import { columnsOf, findJob, type JobRow } from '@parallel-pilot/shared/server/db/jobs.ts';
import { addNotes } from '@parallel-pilot/shared/server/db/notes.ts';
import {
  closeStage,
  newestStage,
  rememberOfStage,
  type StageRow,
} from '@parallel-pilot/shared/server/db/stages.ts';
import { ZodError } from 'zod';
import { type Changed, changeJob } from '../change-job.ts';
import type { StageTaskResult } from '../kinds/kind.ts';
import { backendKindOf } from '../kinds/registry.ts';
import type { Parts } from '../parts.ts';
import { announce } from './announce.ts';
import { awaitedBy, cancelAwaiting, unblock } from './blocked.ts';
import { type Decision, decide } from './decide.ts';
import { takeUnfinished } from './finish-assembly.ts';
import { letGo } from './let-go.ts';
import { planStage } from './plan-stage.ts';
import { planningContext } from './planning-context.ts';

/**
 * Reads a job from the database and does the one thing that is due, in one
 * transaction that only holds if the rows still stand as they were read: calls
 * that overlap, and a crash at any point, do no harm. Says what it did;
 * `stage-task`, `assemble` and `prepare` are for the caller to start. Call it again until it
 * says one of these, or `nothing`.
 */
export async function advance(parts: Parts, id: JobId): Promise<Need> {
  const found = await standOf(parts, id);
  if (found === null) return 'nothing';
  const { job, stage, decision } = found;
  if (needsOf(found) === 'stage-task') return 'stage-task';
  const done = await perform(parts, job, stage, decision);
  return done ? decision.do : 'nothing';
}

/**
 * Plans what follows from what a stage task of the backend came to, where the
 * job still stands as it did. False when it is to be tried again after a while.
 */
export async function takeStageTaskResult(
  parts: Parts,
  id: JobId,
  taskOf: StageRow,
  result: StageTaskResult,
): Promise<boolean> {
  for (let races = 0; races < MOST_RACES; races += 1) {
    const found = await standOf(parts, id);
    // Paused, canceled or brought forward meanwhile: whoever needs it runs the task again.
    if (found === null || found.stage.id !== taskOf.id || found.decision.do !== 'plan') return true;
    const { job, stage } = found;
    if (result.outcome === 'redo' && result.memory !== undefined)
      await rememberOfStage(parts.db, stage.id, JSON.stringify(result.memory));
    if (result.outcome !== 'done') return takeUnfinished(parts, job, result);
    // Another backend may have moved the job, by saying that it runs for instance: what was worked out stands all the same.
    if (await plan(parts, job, stage, result)) return true;
  }
  return false;
}

/** A job moves a few times at most while it stays at one stage. */
const MOST_RACES = 5;

/** What is due; `stage-task`, `assemble` and `prepare` are background tasks. */
export type Need = Decision['do'] | 'stage-task';

type Stand = { job: JobRow; stage: StageRow; decision: Decision };

/**
 * The job with its open stage, and what is due for it; null for one without. What is put together of a stage that was
 * closed without its last chunks needs none of these.
 */
export async function standOf(parts: Parts, id: JobId): Promise<Stand | null> {
  const job = await findJob(parts.db, id);
  const stage = job === undefined ? undefined : await newestStage(parts.db, id);
  if (job === undefined || stage === undefined) return null;
  if (stage.state === 'closed')
    return job.state === 'assembling' ? { job, stage, decision: { do: 'assemble' } } : null;
  const counts = (await countChunks(parts.db, [stage.id])).get(stage.id) ?? null;
  const decision = decide({
    status: job.state,
    counts,
    stopsOnFailure: backendKindOf(job.kind).stopsOnFailure(JSON.parse(job.spec_json), counts?.failed ?? 0),
    enough: await isEnough(parts, stage, counts?.done ?? 0),
    isMain: kindOf(job.kind).mainStage?.name === stage.name,
    ...(job.state === 'blocked' ? await awaitedBy(parts.db, job) : {}),
  });
  return { job, stage, decision };
}

/** What is due, and whether something is to be gathered before the next stage is planned. */
export const needsOf = ({ job, stage, decision }: Stand): Need =>
  decision.do === 'plan' && backendKindOf(job.kind).stageTasks.includes(stage.name)
    ? 'stage-task'
    : decision.do;

/** True when the stage may close without its last chunks. */
async function isEnough({ db, clock }: Parts, stage: StageRow, done: number): Promise<boolean> {
  const { quorum, quorum_after_ms: after } = stage;
  if (quorum === null || after === null || done < Math.max(1, quorum)) return false;
  const from = await firstStart(db, stage.id);
  return from !== null && from + after <= clock();
}

/** False when there was nothing to do, or somebody else did it meanwhile. */
async function perform(parts: Parts, job: JobRow, stage: StageRow, decision: Decision): Promise<boolean> {
  switch (decision.do) {
    case 'nothing':
      return false;
    case 'assemble':
    case 'prepare':
      return true;
    case 'unblock':
      return unblock(parts, job, stage);
    case 'cancel':
      return cancelAwaiting(parts, job);
    case 'start':
    case 'redo':
      return changeAlone(parts, job, { type: decision.do });
    case 'requeue':
      // Answered or not, the sweep asks again as long as the rows say so.
      await parts.balancer.retryChunks(job.id);
      return false;
    case 'plan':
      return plan(parts, job, stage);
    default:
      return decision satisfies never;
  }
}

async function changeAlone(parts: Parts, job: JobRow, event: JobEvent): Promise<boolean> {
  const changed = await inTransaction(parts.db, (db) => changeJob(db, job, event, parts.clock()));
  return announced(parts, job.id, changed);
}

type DoneStageTask = Extract<StageTaskResult, { outcome: 'done' }>;

async function plan(parts: Parts, job: JobRow, stage: StageRow, done?: DoneStageTask): Promise<boolean> {
  const given = job.given_json === null ? null : JSON.parse(job.given_json);
  const step = await nextStep(parts, job, stage, { given, taskValue: done?.value ?? null });
  return takeStep(parts, job, stage, step, { keep: done?.blobs ?? [] });
}

/** What the job's kind wants next, with the settings that the user gave and what the stage task came to. */
export async function nextStep(
  { db, clock }: Pick<Parts, 'db' | 'clock'>,
  job: JobRow,
  stage: StageRow,
  known: { given: unknown; taskValue: unknown },
): Promise<NextStep> {
  const kind = kindOf(job.kind);
  try {
    return kind.next(await planningContext(db, kind, job, stage, { ...known, now: clock() }));
  } catch (error) {
    if (!(error instanceof ZodError)) throw error;
    const message = `A worker's report on "${stage.name}" does not have the form it should have. Update the workers to the farm's version, then retry.`;
    return { step: 'fail', code: 'result-invalid', message };
  }
}

/** Makes a step true, whole or not at all. `given` are settings that came with it from the user, `keep` blobs for the job. */
export async function takeStep(
  parts: Parts,
  job: JobRow,
  stage: StageRow,
  step: NextStep,
  { given, keep = [] }: { given?: unknown; keep?: BlobHash[] } = {},
): Promise<boolean> {
  let unneeded: { freed: BlobHash[]; kept: BlobHash[] } = { freed: [], kept: [] };
  const transaction = inTransaction(parts.db, async (db): Promise<Changed> => {
    unneeded = { freed: [], kept: [] };
    const now = parts.clock();
    const columns = {
      ...('settings' in step && step.settings !== undefined
        ? { settings_json: JSON.stringify(step.settings) }
        : {}),
      ...('defaults' in step ? { settings_json: JSON.stringify(step.defaults) } : {}),
      ...(given === undefined ? {} : { given_json: JSON.stringify(given) }),
    };
    const ready = await started(db, job, step, now);
    let result = await changeJob(db, ready, eventOf(step), now, columns);
    if (!result.ok) return result;
    if (step.step === 'stage') {
      if (!(await closeStage(db, stage.id, now))) throw new Overtaken();
      await planStage(db, parts, job, stage.ordinal + 1, step.stage);
      await keepBlobs(db, job.id, keep);
      for (const { stage: of, keep: names } of step.free ?? []) {
        const { freed, kept } = await freeFiles(db, of, names);
        unneeded.freed.push(...freed);
        unneeded.kept.push(...kept);
      }
      if (await backendKindOf(job.kind).pausesWith?.(db, { job, stage, next: step.stage })) {
        const planned = { ...job, ...columnsOf(result.state) };
        result = await changeJob(db, planned, { type: 'pause' }, now);
        if (!result.ok) throw new Overtaken();
      }
    }
    if (step.step === 'assemble' && !(await isWhole(db, stage)) && !(await closeStage(db, stage.id, now)))
      throw new Overtaken();
    if ('notes' in step) await addNotes(db, job.id, step.notes, now);
    return result;
  });
  const changed = await transaction.catch((error: unknown): Changed => {
    if (error instanceof Overtaken) return { ok: false, code: 'raced' };
    throw error;
  });
  if (changed.ok)
    parts.log.info({ event: 'job.step', job: job.id, step: step.step, state: changed.state.status });
  if (changed.ok) {
    // For downloads alone, where the next stage does not go on from it.
    const { kept } = unneeded;
    const needed = step.step === 'stage' && kept.length > 0 ? inputsOf(job.kind, step.stage) : new Set();
    parts.balancer.blobsFreed(kept.filter((hash) => !needed.has(hash)));
    letGo(parts, unneeded.freed).catch((err) => parts.log.warn({ event: 'blobs.let-go-failed', err }));
  }
  const done = announced(parts, job.id, changed);
  if (changed.ok && changed.state.status === 'paused')
    await backendKindOf(job.kind)
      .tend?.(parts)
      // The engine's sweep asks again.
      .catch((err) => parts.log.warn({ event: 'jobs.tend-failed', kind: job.kind, err }));
  return done;
}

/** Whether all of its chunks are done. Where they are not, its kind had enough of them: the rest is wanted no more. */
async function isWhole(db: Db, stage: StageRow): Promise<boolean> {
  const { done = 0 } = (await countChunks(db, [stage.id])).get(stage.id) ?? {};
  return done === stage.chunk_count;
}

const inputsOf = (kind: string, { name, inputs, chunks }: StagePlan): Set<BlobHash> =>
  new Set(
    [...inputs, ...chunks.slice(0, chunks.length).flatMap((spec) => chunkInputsOf(kind, name, spec))].map(
      ({ hash }) => hash,
    ),
  );

/** Another backend planned on from this stage: nothing of what was written stays. */
class Overtaken extends Error {}

// A stage may be over before anyone saw it begin.
async function started(db: Db, job: JobRow, step: NextStep, now: number): Promise<JobRow> {
  if (job.state !== 'queued' || step.step !== 'stage') return job;
  const changed = await changeJob(db, job, { type: 'start' }, now);
  return changed.ok ? { ...job, state: changed.state.status } : job;
}

function eventOf(step: NextStep): JobEvent {
  switch (step.step) {
    case 'stage':
      return { type: 'plan' };
    case 'await-settings':
      return { type: 'await-settings' };
    case 'assemble':
      return { type: 'assemble' };
    case 'fail':
      return { type: 'fail', code: step.code, message: step.message };
    default:
      return step satisfies never;
  }
}

function announced(parts: Parts, job: JobId, changed: Changed): boolean {
  if (changed.ok) announce(parts, job);
  return changed.ok;
}
