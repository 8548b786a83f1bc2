import type { WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import { asSeenBy } from '@parallel-pilot/shared/model/placement.ts';
import { type Requirement, unmet } from '@parallel-pilot/shared/model/requirement.ts';
import { mayWorkFor } from '@parallel-pilot/shared/model/worker.ts';
import { type Farm, isPresent, type Job, type Stage, type Worker } from '../farm/farm.ts';
import { isAtLimit } from '../farm/held-chunks.ts';
import { hasRoomFor } from '../farm/resources.ts';
import { isReserved } from './reservation.ts';

/** Chunks of one job that may fail on a worker before it is not given that job again. */
const FAILURES_BORNE = 3;

/** True when the worker may see the job, has what the stage needs, and has not been excluded from its job. */
export const mayRun = (stage: Stage, worker: Worker): boolean =>
  isCapable(stage, worker) && !isKeptFrom(stage, worker);

export function isCapable(stage: Stage, worker: Worker): boolean {
  return isTrusted(stage.job, worker) && hasWhatItNeeds(stage, worker);
}

/** Whether the worker may be shown the job at all. */
export const isTrusted = (job: Job, { lender, capabilities }: Worker): boolean =>
  lender !== null && mayWorkFor(lender, capabilities, job);

/** What the worker lacks for the stage; nothing where it fits. */
export const lackingOf = (stage: Stage, { capabilities, lender }: Worker): Requirement[] =>
  lender === null ? stage.requirements : unmet(asSeenBy(capabilities, lender, stage.job), stage.requirements);

export function hasWhatItNeeds(stage: Stage, worker: Worker): boolean {
  if (stage.pins !== null && !stage.pins.has(worker.id)) return false;
  // The answer that is kept is for all teams.
  if (stage.ofOwnTeam && worker.lender?.team !== stage.job.team) return false;
  const known = worker.matches.get(stage.requirementsKey);
  if (known !== undefined) return known;
  const answer = lackingOf(stage, worker).length === 0;
  worker.matches.set(stage.requirementsKey, answer);
  return answer;
}

export const isExcluded = (job: Job, worker: WorkerId): boolean =>
  (job.failures.get(worker)?.size ?? 0) >= FAILURES_BORNE;

/** Excluded from its job. What only one worker can run it goes on trying, as often as a chunk is tried. */
export const isKeptFrom = ({ job, pins }: Stage, { id }: Worker): boolean =>
  pins === null && isExcluded(job, id);

/** True for a chunk that another worker alone may run. */
const isPinnedElsewhere = ({ pins }: Stage, ordinal: number, { id }: Worker): boolean =>
  pins !== null && pins.get(id)?.includes(ordinal) !== true;

/**
 * True when the worker could be given a chunk of the stage right now, to be begun at once, or `ahead`: when there is
 * room for it.
 */
export const mayTake = (farm: Farm, stage: Stage, worker: Worker, ahead: boolean): boolean =>
  stage.chunks.count('queued') > 0 &&
  // A gang is placed whole.
  stage.gang === null &&
  !isReserved(farm, stage, worker, ahead) &&
  !isAtLimit(farm, stage.job) &&
  mayRun(stage, worker) &&
  (stage.pins !== null || !isOnTrial(stage.job, worker)) &&
  hasRoomFor(stage, worker, ahead) &&
  waitingFor(farm, stage, worker, ahead) > 0;

/**
 * True while a worker that has failed in the job and never succeeded holds as
 * many of its chunks as it may still fail: one ahead would be one too many.
 */
export function isOnTrial(job: Job, worker: Worker): boolean {
  const failed = job.failures.get(worker.id)?.size ?? 0;
  if (failed === 0 || job.succeeded.has(worker.id)) return false;
  let held = 0;
  for (const lease of worker.leases) if (lease.stage.job === job) held += 1;
  return held >= FAILURES_BORNE - failed;
}

/** True for a chunk that has just failed on this worker while another one could take it. */
export function isAvoided(farm: Farm, stage: Stage, ordinal: number, worker: Worker): boolean {
  return stage.pins === null && stage.avoid.get(ordinal) === worker.id && anotherMayRun(farm, stage, worker);
}

/** True for a chunk that the worker is not to be given, though others of the stage are. */
export const isRefused = (
  farm: Farm,
  { stage, ordinal }: { stage: Stage; ordinal: number },
  worker: Worker,
  ahead: boolean,
): boolean =>
  isPinnedElsewhere(stage, ordinal, worker) ||
  isAvoided(farm, stage, ordinal, worker) ||
  (stage.memory.needs.has(ordinal) && !hasRoomFor(stage, worker, ahead, ordinal));

/** The waiting chunks that the worker alone may run. */
export const waitingPinned = ({ pins, chunks }: Stage, { id }: Pick<Worker, 'id'>): number[] =>
  (pins?.get(id) ?? []).filter((ordinal) => chunks.status(ordinal) === 'queued');

/** How many waiting chunks of the stage the worker may be given. */
function waitingFor(farm: Farm, stage: Stage, worker: Worker, ahead: boolean): number {
  let waiting = stage.chunks.count('queued');
  const { avoid, memory, pins } = stage;
  if (pins !== null)
    return waitingPinned(stage, worker).filter(
      (ordinal) => !isRefused(farm, { stage, ordinal }, worker, ahead),
    ).length;
  if (waiting === 0 || (avoid.size === 0 && memory.needs.size === 0)) return waiting;
  for (const ordinal of memory.needs.keys()) {
    if (stage.chunks.status(ordinal) !== 'queued') continue;
    if (isRefused(farm, { stage, ordinal }, worker, ahead)) waiting -= 1;
  }
  let avoided = 0;
  for (const [ordinal, failedOn] of avoid) {
    // Those with needs of their own were counted.
    if (failedOn !== worker.id || memory.needs.has(ordinal)) continue;
    if (stage.chunks.status(ordinal) === 'queued') avoided += 1;
  }
  if (avoided > 0 && anotherMayRun(farm, stage, worker)) waiting -= avoided;
  return waiting;
}

function anotherMayRun(farm: Farm, stage: Stage, worker: Worker): boolean {
  for (const other of farm.workers.values()) {
    if (other !== worker && isPresent(other) && mayRun(stage, other)) return true;
  }
  return false;
}
