import { isOver, type JobStatus } from '@parallel-pilot/shared/model/job.ts';
import type { JobProgress, RunEvent } from './events.ts';

/** What the screen shows at the moment. Times in ms. */
export type ScreenModel = {
  startedAt: number;
  phase:
    | { name: 'starting'; text: string }
    | { name: 'uploading'; file: string; sent: number; total: number; since: number }
    | { name: 'working' }
    | { name: 'saving'; saved: number; total: number };
  /** In the order in which they were made. */
  jobs: ShownJob[];
  /** The address of a farm that stopped answering. */
  lost: string | null;
};

export type ShownJob = {
  id: string;
  /** What sets it apart from the others of the run; null for the only one. */
  variant: string | null;
  /** Null before the first; `etaAt` is when its time left was told. */
  progress: JobProgress | null;
  etaAt: number;
  /** Workers that were seen at this job, in the order of their names. */
  workers: SeenWorker[];
};

/** `last` is its last known progress, `idleSince` null while it is still working on that. */
export type SeenWorker = {
  name: string;
  last: JobProgress['workers'][number];
  idleSince: number | null;
};

export const openingScreen = (now: number): ScreenModel => ({
  startedAt: now,
  phase: { name: 'starting', text: 'Starting' },
  jobs: [],
  lost: null,
});

/** The screen after an event. */
export function afterEvent(model: ScreenModel, event: RunEvent, now: number): ScreenModel {
  switch (event.event) {
    case 'farm.starting': {
      const text = `Starting a farm with ${event.workers === 1 ? 'one worker' : `${event.workers} workers`}`;
      return { ...model, phase: { name: 'starting', text } };
    }
    case 'farm.ready':
      return { ...model, phase: { name: 'starting', text: 'Looking at the file' } };
    case 'pack.progress': {
      const text = `Packing ${event.folder}: ${event.packed} of ${event.total} files`;
      return { ...model, phase: { name: 'starting', text } };
    }
    case 'upload.progress': {
      const { file, sent, total } = event;
      const before = model.phase.name === 'uploading' && model.phase.file === file ? model.phase : null;
      return { ...model, phase: { name: 'uploading', file, sent, total, since: before?.since ?? now } };
    }
    case 'upload.done':
      return { ...model, phase: { name: 'starting', text: 'Handing over the job' } };
    case 'job.created':
      return { ...model, jobs: [...model.jobs, newJob(event.job, event.variant ?? null, now)] };
    case 'job.progress':
      return { ...model, phase: { name: 'working' }, jobs: withProgress(model.jobs, event, now) };
    case 'save.progress': {
      // While other jobs of the run are under way, these are what there is to see.
      const over = model.jobs.every(
        ({ progress }) => progress !== null && isOver(progress.state as JobStatus),
      );
      if (!over) return model;
      return { ...model, phase: { name: 'saving', saved: event.saved, total: event.total } };
    }
    case 'server.lost':
      return { ...model, lost: event.url };
    case 'server.back':
      return { ...model, lost: null };
    default:
      return model;
  }
}

const newJob = (id: string, variant: string | null, now: number): ShownJob => ({
  id,
  variant,
  progress: null,
  etaAt: now,
  workers: [],
});

// A job that somebody else made is followed without having been created here.
function withProgress(jobs: ShownJob[], event: JobProgress, now: number): ShownJob[] {
  const known = jobs.some((job) => job.id === event.job) ? jobs : [...jobs, newJob(event.job, null, now)];
  return known.map((job) => {
    if (job.id !== event.job) return job;
    const sameEta = job.progress !== null && job.progress.eta_seconds === event.eta_seconds;
    const workers = seen(job.workers, event, now);
    return { ...job, progress: event, etaAt: sameEta ? job.etaAt : now, workers };
  });
}

function seen(before: SeenWorker[], event: JobProgress, now: number): SeenWorker[] {
  // A worker with several slots has a line for each chunk it is at.
  const busy = event.workers.map((last) => ({ name: last.name, last, idleSince: null }));
  const names = new Set(busy.map((worker) => worker.name));
  const idle = before.flatMap((worker) => {
    if (names.has(worker.name)) return [];
    names.add(worker.name);
    return [{ ...worker, idleSince: worker.idleSince ?? now }];
  });
  return [...busy, ...idle].sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
}
