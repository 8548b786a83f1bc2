import type { JobId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { isGrantable } from '@parallel-pilot/shared/model/job.ts';
import type { Requirement } from '@parallel-pilot/shared/model/requirement.ts';
import { offersProblem } from '@parallel-pilot/shared/model/resources.ts';
import {
  MOST_PINNED_TOLD,
  type PinnedWhy,
  type WaitReason,
} from '@parallel-pilot/shared/model/wait-reason.ts';
import type { WaitReasons } from '@parallel-pilot/shared/protocol/control.ts';
import { type Farm, isPresent, type Job, type Lease, type Stage, type Worker } from '../farm/farm.ts';
import { limitReached } from '../farm/held-chunks.ts';
import { hasIdleSlot, hasRoomFor, slotsFor } from '../farm/resources.ts';
import { type Board, createBoard } from './choose-stage.ts';
import {
  hasWhatItNeeds,
  isExcluded,
  isKeptFrom,
  isTrusted,
  lackingOf,
  mayTake,
  waitingPinned,
} from './eligibility.ts';
import { fewestOf, idlePlaces, reachableSets } from './gangs.ts';

/** What was given to a worker just now does not wait. */
const BEGINS_WITHIN_MS = 2_000;

/** What is found out once for all jobs that are asked about. */
type Look = {
  farm: Farm;
  now: number;
  board: Board;
  leases: Map<Job, Lease[]>;
  /** The connected workers that a team may know of. */
  known: Map<TeamId, Worker[]>;
  /** By the team and what is asked for. */
  lacking: Map<string, WaitReason>;
};

/**
 * Why nothing of these jobs is worked on, by the predicates that the scheduler gives out work by. Nothing of a job of
 * which something is, but for a limit that keeps it from more; nor of one that has nothing to wait for.
 */
export function whyWaiting(farm: Farm, asked: readonly JobId[], now: number): WaitReasons['reasons'] {
  const jobs = new Set(asked.flatMap((id) => farm.jobs.get(id) ?? []));
  const leases = new Map<Job, Lease[]>();
  for (const lease of farm.leases.values()) {
    const { job } = lease.stage;
    if (!jobs.has(job)) continue;
    const held = leases.get(job);
    if (held === undefined) leases.set(job, [lease]);
    else held.push(lease);
  }
  const look: Look = {
    farm,
    now,
    board: createBoard(farm, now),
    leases,
    known: new Map(),
    lacking: new Map(),
  };
  return [...jobs].flatMap((job) => {
    const reason = reasonOf(look, job);
    return reason === null ? [] : [{ job: job.id, reason }];
  });
}

function reasonOf(look: Look, job: Job): WaitReason | null {
  if (job.status === 'paused') return { code: 'paused' };
  if (!isGrantable(job.status)) return null;
  const stage = [...job.stages].find(({ chunks }) => chunks.count('queued') > 0);
  const reached = stage === undefined ? null : limitReached(look.farm, job);
  if (reached !== null) return { code: 'limit', ...reached };
  const pinned = stage === undefined ? null : whoIsNotThere(look.farm, stage);
  if (pinned !== null) return pinned;
  const held = look.leases.get(job) ?? [];
  if (held.length > 0) return isBegun(held, look.now) ? null : { code: 'assigned' };
  return stage === undefined ? null : whyNotGiven(look, stage);
}

const isBegun = (held: readonly Lease[], now: number): boolean =>
  held.some(({ startedAt, grantedAt }) => startedAt !== null || now - grantedAt < BEGINS_WITHIN_MS);

function whyNotGiven(look: Look, stage: Stage): WaitReason {
  const { farm } = look;
  const { job } = stage;
  const known = knownTo(look, job.team);
  if (known.length === 0) return { code: 'no-worker' };
  const fitting = known.filter((worker) => hasWhatItNeeds(stage, worker));
  if (fitting.length === 0) return whatIsLacking(look, stage, known);
  const able = fitting.filter(
    (worker) => isTrusted(job, worker) && isPresent(worker) && !isKeptFrom(stage, worker),
  );
  if (able.length === 0) return whatHoldsBack(job, fitting);
  if (!able.some((worker) => hasRoomFor(stage, worker, true)))
    return { code: 'too-large', fitting: able.length, problem: tooLarge(stage, able) };
  if (stage.gang !== null) return whatTheGangLacks(look, stage);
  const free = able.some(
    (worker) =>
      hasIdleSlot(worker, look.now) &&
      mayTake(farm, stage, worker, false) &&
      look.board.finishTimes.suits(stage, worker),
  );
  return free ? { code: 'next' } : whatTheyDo(job, able);
}

/** Also where other parts of it are worked on: nobody else will ever take these. */
function whoIsNotThere({ workers }: Farm, stage: Stage): WaitReason | null {
  const waits = [...(stage.pins?.keys() ?? [])].flatMap((id) => {
    const [ordinal] = waitingPinned(stage, { id });
    const why = ordinal === undefined ? null : whyNotThere(stage, workers.get(id));
    return why === null || ordinal === undefined ? [] : [{ stage: stage.id, ordinal, worker: id, why }];
  });
  if (waits.length === 0) return null;
  const told = waits.sort((a, b) => a.ordinal - b.ordinal).slice(0, MOST_PINNED_TOLD);
  return { code: 'pinned', waits: told, more: waits.length - told.length };
}

function whyNotThere(stage: Stage, worker: Worker | undefined): PinnedWhy | null {
  if (worker === undefined || worker.session === null) return 'away';
  if (!isTrusted(stage.job, worker)) return 'not-allowed';
  if (!hasWhatItNeeds(stage, worker)) return 'lacking';
  if (worker.disabled) return 'disabled';
  if (worker.draining) return 'draining';
  return worker.lent.open ? null : 'not-lent-now';
}

/** With what was learnt of its memory, it may ask for more than whoever submitted it did. */
const tooLarge = ({ asked }: Stage, able: readonly Worker[]): string =>
  offersProblem(asked, able) ?? 'Each part needs more than any worker that is here offers.';

/** A machine of another team that does not work for everyone is as one that never was. */
function knownTo({ farm, known }: Look, team: TeamId): Worker[] {
  const found =
    known.get(team) ??
    [...farm.workers.values()].filter(
      ({ session, lender }) =>
        session !== null && lender !== null && (lender.team === team || lender.worksFor === 'everyone'),
    );
  known.set(team, found);
  return found;
}

function whatIsLacking({ lacking }: Look, stage: Stage, known: Worker[]): WaitReason {
  const key = `${stage.job.team} ${stage.requirementsKey}`;
  const reason = lacking.get(key) ?? compareNeeds(known.map((worker) => lackingOf(stage, worker)));
  lacking.set(key, reason);
  return reason;
}

function compareNeeds(ofEach: Requirement[][]): WaitReason {
  const keys = ofEach.map((needs) => new Set(needs.map((need) => JSON.stringify(need))));
  const all = [...new Map(ofEach.flat().map((need) => [JSON.stringify(need), need]))];
  const nowhere = all.filter(([key]) => keys.every((of) => of.has(key)));
  const each = nowhere.length > 0;
  const needs = (each ? nowhere : all).map(([, need]) => need);
  return { code: 'lacking', workers: ofEach.length, needs, each };
}

function whatHoldsBack(job: Job, fitting: Worker[]): WaitReason {
  const counts = { notAllowed: 0, disabled: 0, draining: 0, excluded: 0, outOfHours: 0, inUse: 0 };
  const openings: { from: number; timeZone: string }[] = [];
  for (const worker of fitting) {
    if (!isTrusted(job, worker)) counts.notAllowed += 1;
    else if (worker.disabled) counts.disabled += 1;
    else if (worker.draining) counts.draining += 1;
    else if (isExcluded(job, worker.id)) counts.excluded += 1;
    else if (worker.lent.open) continue;
    else if (worker.lent.because === 'in-use') counts.inUse += 1;
    else {
      counts.outOfHours += 1;
      const { from, timeZone } = worker.lent;
      if (from !== null && timeZone !== null) openings.push({ from, timeZone });
    }
  }
  const [lentFrom = null] = openings.toSorted((a, b) => a.from - b.from);
  return { code: 'held-back', fitting: fitting.length, ...counts, lentFrom };
}

/** Of those that reach each other, the ones with the most places. */
function whatTheGangLacks({ farm, now }: Look, stage: Stage): WaitReason {
  const fewest = fewestOf(stage);
  const sets = reachableSets(farm, stage).map((workers) => ({
    places: workers.reduce((sum, worker) => sum + slotsFor(stage, worker), 0),
    free: workers.reduce((sum, worker) => sum + idlePlaces(farm, stage, worker, now), 0),
  }));
  const [best = { places: 0, free: 0 }] = sets.sort((a, b) => b.free - a.free || b.places - a.places);
  const kept = farm.reservation?.stage === stage;
  return best.free >= fewest ? { code: 'next' } : { code: 'gang', fewest, ...best, kept };
}

function whatTheyDo(job: Job, able: Worker[]): WaitReason {
  const held = able.flatMap((worker) => Array.from(worker.leases, (lease) => lease.stage.job));
  const own = held.filter(({ team }) => team === job.team);
  return {
    code: 'busy',
    fitting: able.length,
    urgent: own.some(({ priority }) => priority > job.priority),
    ofTeam: own.some(({ priority }) => priority <= job.priority),
    ofOthers: own.length < held.length,
  };
}
