import { paceOf } from '../farm/chunk-times.ts';
import type { Farm, Stage, Worker } from '../farm/farm.ts';
import { slotsLeftFor } from '../farm/resources.ts';
import { speedOf } from '../prediction/pace.ts';
import { openingOf } from '../prediction/stage-times.ts';

/** Of a chunk of which nothing is known, milliseconds. */
const GUESS_MS = 10_000;
/** What is let in before a gang may take so much longer than is expected. */
const SAFELY = 1.5;

/**
 * Whether the worker is not to be given a chunk of the stage, because its place there comes free for a gang. What is
 * expected to be done before the gang could begin anyway is let in (EASY backfill, Lifka, JSSPP 1995), and so is what
 * its own team wants sooner. Nothing is given ahead there: it would begin in the gang's place.
 */
export function isReserved(farm: Farm, stage: Stage, worker: Worker, ahead: boolean): boolean {
  const kept = farm.reservation;
  const places = kept?.places.get(worker);
  if (kept === null || places === undefined || kept.stage === stage) return false;
  const { job } = kept.stage;
  if (stage.job.share === job.share && stage.job.priority > job.priority) return false;
  if (ahead) return true;
  if (slotsLeftFor(kept.stage, worker, stage) >= places) return false;
  return SAFELY * expectedMs(stage, worker) > kept.inMs;
}

function expectedMs(stage: Stage, worker: Worker): number {
  const work = stage.times.work.mean ?? GUESS_MS;
  const opening = worker.open.includes(stage.affinity) ? 0 : openingOf(stage.times);
  return (work + opening) / speedOf(paceOf(worker, stage));
}
