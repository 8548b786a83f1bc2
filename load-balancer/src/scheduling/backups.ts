import { isGrantable } from '@parallel-pilot/shared/model/job.ts';
import { type Farm, isFree, type Lease, type Stage, type Worker } from '../farm/farm.ts';
import { isAtLimit } from '../farm/held-chunks.ts';
import { hasIdleSlot, hasRoomFor } from '../farm/resources.ts';
import { isOnTrial, mayRun } from './eligibility.ts';
import type { FinishTimes } from './finish-times.ts';
import { CLEARLY_SOONER, type Outlook } from './outlook.ts';
import { isReserved } from './reservation.ts';

/** Part of a stage's work that may be done twice for the sake of its end. */
const MOST_DOUBLED = 0.05;
/** Such a part of a backup is done before it is seen to be ahead, and the other one ends. */
const SEEN = 1 / 8;
/** What is thrown away may turn out so much more than expected. */
const SAFELY = 1.25;
/** Chunks that are looked at in a round, those that end last first. */
const MOST = 32;

/** The leases that end because a backup, or what it was to be a backup of, is clearly ahead. */
export function overtaken(farm: Farm, outlook: Outlook): { lease: Lease; by: Lease }[] {
  const found: { lease: Lease; by: Lease }[] = [];
  for (const backup of farm.leases.values()) {
    if (backup.purpose !== 'backup') continue;
    const [before, last, third] = backup.stage.held.get(backup.ordinal) ?? [];
    if (before === undefined || last !== backup || third !== undefined) continue;
    const lease = outlook.behind(before, backup);
    if (lease !== null) found.push({ lease, by: lease === before ? backup : before });
  }
  return found;
}

export type Backup = { lease: Lease; worker: Worker };

type Candidate = { lease: Lease; end: number };

/**
 * Which chunks that run should be tried on a second worker now: those that
 * would end after all else of their stage is done, where another worker is
 * expected to be done with the whole chunk clearly sooner. While chunks wait,
 * only one that would come too late if it were not begun now is put before
 * them. What is thrown away stays within a part of the stage's work.
 */
export function backupsFor(farm: Farm, finishTimes: FinishTimes): Backup[] {
  const { outlook } = finishTimes;
  const free = [...farm.workers.values()].filter(
    (worker) => isFree(worker, outlook.now) && hasIdleSlot(worker, outlook.now),
  );
  if (free.length === 0) return [];
  const backups: Backup[] = [];
  for (const [stage, candidates] of candidatesOf(farm, outlook)) {
    const spare = spareOf(stage, outlook);
    const choice = { farm, finishTimes, stage, taken: new Map<Worker, number>(), spare };
    for (const backup of chooseFor(choice, candidates)) {
      if (backups.some(({ worker }) => worker === backup.worker)) continue;
      backups.push(backup);
    }
  }
  return backups;
}

function candidatesOf(farm: Farm, outlook: Outlook): Map<Stage, Candidate[]> {
  const found = new Map<Stage, Candidate[]>();
  for (const lease of farm.leases.values()) {
    const { stage } = lease;
    if (lease.startedAt === null || stage.held.get(lease.ordinal)?.length !== 1) continue;
    if (stage.gang !== null || stage.lasting || stage.pins !== null) continue;
    // What keeps its work is moved instead.
    if (lease.preempting !== null || lease.keptFraction > 0) continue;
    // One attempt has begun; a chunk has three.
    if (stage.chunks.attempts(lease.ordinal) > 1 || !isGrantable(stage.job.status)) continue;
    const candidate = { lease, end: outlook.endOf(lease) };
    const others = found.get(stage);
    if (others === undefined) found.set(stage, [candidate]);
    else others.push(candidate);
  }
  return found;
}

type Choice = {
  farm: Farm;
  finishTimes: FinishTimes;
  stage: Stage;
  /** Workers that are to have a backup, and when they are done with it. */
  taken: Map<Worker, number>;
  /** Work that may still be done twice. */
  spare: number;
};

function chooseFor(choice: Choice, candidates: Candidate[]): Backup[] {
  const { finishTimes, stage } = choice;
  const waiting = stage.chunks.count('queued') > 0;
  const backups: Backup[] = [];
  // By then everything else of the stage is done.
  let rest = waiting ? finishTimes.targetOf(stage) : 0;
  candidates.sort((a, b) => b.end - a.end);
  for (const candidate of candidates.slice(0, MOST)) {
    if (candidate.end <= rest || isAtLimit(choice.farm, stage.job)) break;
    const best = bestFor(choice, candidate);
    rest = Math.max(rest, Math.min(candidate.end, best?.finish ?? candidate.end));
    if (best === null) continue;
    choice.taken.set(best.worker, best.finish);
    const { worker } = best;
    const isIdle =
      isFree(worker, finishTimes.outlook.now) &&
      hasIdleSlot(worker, finishTimes.outlook.now) &&
      hasRoomFor(stage, worker, false, candidate.lease.ordinal);
    if (!isIdle || (waiting && mayWait(choice, best))) continue;
    const wasted = wastedBy(finishTimes.outlook, candidate, best);
    // The more of what may be thrown away it takes, the more it has to win: others may need it later.
    const atMost = CLEARLY_SOONER * (1 - wasted / (4 * choice.spare));
    if (wasted > choice.spare || best.finish > atMost * candidate.end) continue;
    choice.spare -= wasted;
    backups.push({ lease: candidate.lease, worker });
  }
  return backups;
}

/** `seen`: by when it is known whether it comes along as expected. */
type Best = { worker: Worker; finish: number; seen: number };

/** Who would be done with it first, of all that may have it, busy or not; null where nobody would be clearly sooner. */
function bestFor({ farm, finishTimes, stage, taken }: Choice, { lease, end }: Candidate): Best | null {
  const { outlook } = finishTimes;
  const work = outlook.workOf(lease).ms;
  // Of what never tells how far it is, nothing is seen before it is done.
  const seen = lease.course === undefined ? 1 : SEEN;
  let best: Best | null = null;
  for (const worker of farm.workers.values()) {
    if (worker === lease.worker || !isFree(worker, outlook.now)) continue;
    if (stage.avoid.get(lease.ordinal) === worker.id) continue;
    if (!mayRun(stage, worker) || isOnTrial(stage.job, worker)) continue;
    if (!hasRoomFor(stage, worker, true, lease.ordinal) || isReserved(farm, stage, worker, false)) continue;
    const from = Math.max(taken.get(worker) ?? 0, outlook.free(worker)[0] ?? 0);
    const chunkMs = work / outlook.speed(worker, stage);
    const begins = from + outlook.openingMs(worker, stage);
    if (begins + chunkMs < (best?.finish ?? Number.POSITIVE_INFINITY))
      best = { worker, finish: begins + chunkMs, seen: begins + seen * chunkMs };
  }
  return best !== null && best.finish < CLEARLY_SOONER * end ? best : null;
}

/** Whether the worker could run another chunk first, and the stage would not end later for it. */
function mayWait({ finishTimes, stage }: Choice, { worker, finish }: Best): boolean {
  const { outlook } = finishTimes;
  const another = outlook.meanWork(stage) / outlook.speed(worker, stage);
  return finish + another <= finishTimes.targetOf(stage);
}

/** What the first lease will have done until the backup is seen to be ahead: not more than the chunk. */
function wastedBy(outlook: Outlook, { lease, end }: Candidate, { seen }: Best): number {
  return Math.min(outlook.workOf(lease).ms, SAFELY * doneBy(outlook, lease, end, seen));
}

/** Work that a lease will have done by then; all of it, for all that is known, where it never tells. */
function doneBy(outlook: Outlook, lease: Lease, end: number, time: number): number {
  if (lease.course === undefined) return outlook.workOf(lease).ms;
  const done = lease.course.last.fraction;
  const more = ((1 - done) * time) / Math.max(1, end);
  return outlook.workOf(lease).ms * Math.min(1, done + more);
}

/** What may still be thrown away: less what was, and what is going to be by those that end later than another of their chunk. */
function spareOf(stage: Stage, outlook: Outlook): number {
  let going = 0;
  for (const leases of stage.held.values()) {
    if (leases.length < 2) continue;
    const ends = leases.map((lease) => outlook.endOf(lease));
    const first = Math.min(...ends);
    const until = leases.every(({ course }) => course !== undefined) ? SEEN * first : first;
    const works = leases.map((lease, at) => doneBy(outlook, lease, ends[at] ?? first, until));
    going += works.reduce((sum, work) => sum + work, 0) - Math.max(...works);
  }
  return MOST_DOUBLED * allOf(stage, outlook) - stage.times.doubled - going;
}

/** Work of all of a stage's chunks: those that are held may have turned out larger than others. */
function allOf(stage: Stage, outlook: Outlook): number {
  const { chunks, held } = stage;
  let all = (chunks.size - held.size) * outlook.meanWork(stage);
  for (const [lease] of held.values()) all += lease === undefined ? 0 : outlook.workOf(lease).ms;
  return all;
}
