import { applyToJob } from '@parallel-pilot/shared/api/job-patch.ts';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import type { WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import type { JobPatch } from '@parallel-pilot/shared/protocol/live.ts';
import type { Api } from '../api/client.ts';
import type { JobProgress, RunEvent } from '../report/events.ts';

/** A job as its follower knows it: what was fetched, kept fresh by patches. */
export type JobView<Own> = {
  job: JobDetail;
  /** Names of all workers that appeared so far. */
  names: ReadonlyMap<WorkerId, string>;
  /** What only jobs of its kind have. */
  own: Own;
};

/** What a change leads to: the new view, and what to tell about it. */
export type Change<Own> = { view: JobView<Own>; events: RunEvent[] };

/** A kind's part of following its jobs. Pure, but for `fetch`. */
export interface Trail<Own, Fetched> {
  readonly opening: Own;
  /** Asks the farm for what has to be known beside the job, as seen in a view that is just fetched; null for nothing. */
  fetch(api: Api, view: JobView<Own>): Promise<Fetched | null>;
  /** It came. `underWay`: the job is not new, so what was over before is not told piece by piece. */
  take(view: JobView<Own>, fetched: Fetched, underWay: boolean): Change<Own>;
  /** A patch came, of which the view has all that every job has. `stale`: the job has to be fetched again. */
  patch(view: JobView<Own>, patch: JobPatch): Change<Own> & { stale: boolean };
  /** Fields of the progress that only this kind tells, or knows better. */
  progress(view: JobView<Own>): Partial<JobProgress>;
}

/** The job was fetched. */
export function applyJob<Own>(before: JobView<Own> | null, job: JobDetail, opening: Own): Change<Own> {
  const names = new Map(before?.names);
  for (const { worker, workerName } of job.progress) names.set(worker, workerName);
  const known = new Set(before?.job.notes.map(noteKey));
  const events: RunEvent[] = job.notes
    .filter((note) => !known.has(noteKey(note)))
    .map(({ level, code, message }) => ({ event: 'job.note', job: job.id, level, code, message }));
  if (before?.job.state !== job.state) events.push({ event: 'job.state', job: job.id, state: job.state });
  return { view: { job, names, own: before === null ? opening : before.own }, events };
}

/** A patch came. `stale` tells that the job has to be fetched again. */
export function applyPatch<Own, Fetched>(
  trail: Trail<Own, Fetched>,
  view: JobView<Own>,
  patch: JobPatch,
): Change<Own> & { stale: boolean } {
  const names = new Map([...view.names, ...Object.entries(patch.names ?? {})] as [WorkerId, string][]);
  for (const { worker, workerName } of patch.progress) names.set(worker, workerName);
  const otherStage = patch.stage !== null && patch.stage !== view.job.stageId;
  if (otherStage) {
    // Its chunks are of a stage that is not known here yet.
    const job = {
      ...view.job,
      progress: patch.progress,
      backgroundFraction: patch.backgroundFraction ?? view.job.backgroundFraction,
    };
    return { view: { ...view, job, names }, events: [], stale: true };
  }
  return trail.patch({ ...view, job: applyToJob(view.job, patch), names }, patch);
}

/** The view as one event, for the reporter. */
export function progressOf<Own, Fetched>(trail: Trail<Own, Fetched>, view: JobView<Own>): RunEvent {
  const { job } = view;
  return {
    event: 'job.progress',
    job: job.id,
    state: job.state,
    stage: job.stage,
    done: job.counts.done,
    failed: job.counts.failed,
    total: job.counts.total,
    fraction: job.fraction,
    eta_seconds: job.etaSeconds,
    eta_range: rangeOf(job, Date.now()),
    backgroundFraction: job.backgroundFraction,
    workers: job.progress.map(({ workerName, label, fraction, detail, values }) => ({
      name: workerName,
      label,
      fraction,
      detail,
      ...(values === undefined ? {} : { values }),
    })),
    ...trail.progress(view),
  };
}

const rangeOf = ({ eta }: JobDetail, now: number): JobProgress['eta_range'] =>
  eta === null ? null : { from: Math.max(0, eta.from - now) / 1_000, to: Math.max(0, eta.to - now) / 1_000 };

const noteKey = ({ at, code, message }: JobDetail['notes'][number]) => `${at} ${code} ${message}`;
