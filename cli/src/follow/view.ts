import { type ChunkStates, type JobDetail, STATE_LETTERS } from '@parallel-pilot/shared/api/jobs.ts';
import type { StageId, WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import type { JobPatch } from '@parallel-pilot/shared/protocol/live.ts';
import type { RenderEvent } from '../report/events.ts';

type Letter = (typeof STATE_LETTERS)[keyof typeof STATE_LETTERS];

/** A job as its follower knows it: what was fetched, kept fresh by patches. */
export type JobView = {
  job: JobDetail;
  /** States of the frames by ordinal, and those that were told to be over; null until their stage is planned. */
  frames: { stage: StageId; numbers: number[]; letters: Letter[]; told: ReadonlySet<number> } | null;
  /** Every worker heard of, by the name people gave it. */
  names: ReadonlyMap<WorkerId, string>;
};

/** What a change leads to: the new view, and what to tell about it. */
export type Change = { view: JobView; events: RenderEvent[] };

/** The job was fetched. */
export function applyJob(before: JobView | null, job: JobDetail): Change {
  const names = new Map(before?.names);
  for (const { worker, workerName } of job.progress) names.set(worker, workerName);
  const sameStage = before?.frames?.stage === job.stageId;
  const view: JobView = { job, names, frames: sameStage ? (before?.frames ?? null) : null };
  const known = new Set(before?.job.notes.map(noteKey));
  const events: RenderEvent[] = job.notes
    .filter((note) => !known.has(noteKey(note)))
    .map(({ level, code, message }) => ({ event: 'job.note', level, code, message }));
  if (before?.job.state !== job.state) events.push({ event: 'job.state', job: job.id, state: job.state });
  return { view, events };
}

/** The states of the newest stage's chunks were fetched. */
export function applyStates(view: JobView, states: ChunkStates): Change {
  if (states.frames === null || states.stage !== view.job.stageId) return { view, events: [] };
  const letters = [...states.states] as Letter[];
  const told = view.frames?.told ?? new Set();
  const frames = { stage: states.stage, numbers: states.frames, letters, told };
  return tellFrames({ ...view, frames }, letters.keys(), new Map());
}

/** A patch came. `stale` tells that the job has to be fetched again. */
export function applyPatch(view: JobView, patch: JobPatch): Change & { stale: boolean } {
  const names = new Map(view.names);
  for (const { worker, workerName } of patch.progress) names.set(worker, workerName);
  const job: JobDetail = {
    ...view.job,
    progress: newestProgress(view.job.progress, patch),
    stitching: patch.stitching ?? view.job.stitching,
  };
  const otherStage = patch.stage !== null && patch.stage !== view.job.stageId;
  if (otherStage || view.frames === null) {
    const stale = patch.changed || otherStage || patch.chunks.length > 0;
    return { view: { ...view, job, names }, events: [], stale };
  }
  const letters = [...view.frames.letters];
  for (const chunk of patch.chunks) letters[chunk.ordinal] = STATE_LETTERS[chunk.status];
  const makers = new Map(patch.chunks.map((chunk) => [chunk.ordinal, chunk.worker]));
  const progress = job.progress.filter(({ ordinal }) => !isOverLetter(letters[ordinal]));
  const next: JobView = { job: { ...job, progress }, names, frames: { ...view.frames, letters } };
  return { ...tellFrames(next, makers.keys(), makers), stale: patch.changed };
}

const isOverLetter = (letter: Letter | undefined) => letter === 'd' || letter === 'f' || letter === 'c';

// A patch holds what is new; what it does not name stands as it was.
function newestProgress(before: JobDetail['progress'], patch: JobPatch): JobDetail['progress'] {
  const newest = new Map(before.map((one) => [one.ordinal, one]));
  for (const chunk of patch.chunks) if (chunk.status !== 'running') newest.delete(chunk.ordinal);
  for (const one of patch.progress) newest.set(one.ordinal, one);
  return [...newest.values()];
}

/** How many of the newest stage's chunks are done, failed and all there are. */
export function tally({ frames, job }: JobView): { done: number; failed: number; total: number } {
  if (frames === null) return { done: job.counts.done, failed: job.counts.failed, total: job.counts.total };
  const count = (letter: Letter) => frames.letters.reduce((sum, one) => sum + (one === letter ? 1 : 0), 0);
  return { done: count('d'), failed: count('f'), total: frames.letters.length };
}

/** The view as one event, for whoever draws it. */
export function progressOf(view: JobView): RenderEvent {
  const { job } = view;
  const { done, failed, total } = tally(view);
  return {
    event: 'job.progress',
    job: job.id,
    state: job.state,
    stage: job.stage,
    done,
    failed,
    total,
    eta_seconds: job.etaSeconds,
    stitching: job.stitching,
    workers: job.progress.map(({ workerName, label, fraction, detail }) => ({
      name: workerName,
      label,
      fraction,
      detail,
    })),
  };
}

/** Tells of each frame once that it is over: what was fetched may be older than the patch before it. */
function tellFrames(
  view: JobView,
  ordinals: Iterable<number>,
  makers: ReadonlyMap<number, WorkerId | null>,
): Change {
  const { frames } = view;
  if (frames === null) return { view, events: [] };
  const told = new Set(frames.told);
  let done = [...told].filter((ordinal) => frames.letters[ordinal] === 'd').length;
  const events: RenderEvent[] = [];
  for (const ordinal of ordinals) {
    const [frame, letter] = [frames.numbers[ordinal], frames.letters[ordinal]];
    if (frame === undefined || told.has(ordinal) || (letter !== 'd' && letter !== 'f')) continue;
    told.add(ordinal);
    if (letter === 'f') {
      events.push({ event: 'frame.failed', frame });
      continue;
    }
    const maker = makers.get(ordinal);
    const worker = (maker ? view.names.get(maker) : undefined) ?? null;
    done += 1;
    events.push({ event: 'frame.done', frame, worker, done, total: frames.letters.length });
  }
  return { view: { ...view, frames: { ...frames, told } }, events };
}

const noteKey = ({ at, code, message }: JobDetail['notes'][number]) => `${at} ${code} ${message}`;
