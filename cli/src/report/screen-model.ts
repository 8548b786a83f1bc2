import type { JobProgress, RenderEvent } from './events.ts';

/** What the screen shows at the moment. Times in ms. */
export type ScreenModel = {
  startedAt: number;
  phase:
    | { name: 'starting'; text: string }
    | { name: 'uploading'; sent: number; total: number; since: number }
    | { name: 'working'; progress: JobProgress; etaAt: number }
    | { name: 'saving'; saved: number; total: number };
  /** Workers that were seen at this job, in the order of their names. */
  workers: SeenWorker[];
  /** The address of a farm that stopped answering. */
  lost: string | null;
};

/** `last` is what was heard of it last, `idleSince` null while it is at that. */
export type SeenWorker = {
  name: string;
  last: JobProgress['workers'][number];
  idleSince: number | null;
};

export const openingScreen = (now: number): ScreenModel => ({
  startedAt: now,
  phase: { name: 'starting', text: 'Starting' },
  workers: [],
  lost: null,
});

/** The screen after an event. */
export function afterEvent(model: ScreenModel, event: RenderEvent, now: number): ScreenModel {
  switch (event.event) {
    case 'farm.starting': {
      const text = `Starting a farm with ${event.workers === 1 ? 'one worker' : `${event.workers} workers`}`;
      return { ...model, phase: { name: 'starting', text } };
    }
    case 'farm.ready':
      return { ...model, phase: { name: 'starting', text: 'Looking at the file' } };
    case 'upload.progress': {
      const since = model.phase.name === 'uploading' ? model.phase.since : now;
      return { ...model, phase: { name: 'uploading', sent: event.sent, total: event.total, since } };
    }
    case 'upload.done':
      return { ...model, phase: { name: 'starting', text: 'Handing over the job' } };
    case 'job.progress': {
      const before = model.phase.name === 'working' ? model.phase : null;
      const sameEta = before !== null && before.progress.eta_seconds === event.eta_seconds;
      const etaAt = sameEta ? before.etaAt : now;
      return {
        ...model,
        phase: { name: 'working', progress: event, etaAt },
        workers: seen(model.workers, event, now),
      };
    }
    case 'save.progress':
      return { ...model, workers: [], phase: { name: 'saving', saved: event.saved, total: event.total } };
    case 'server.lost':
      return { ...model, lost: event.url };
    case 'server.back':
      return { ...model, lost: null };
    default:
      return model;
  }
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
