import type { Urgency } from '@parallel-pilot/shared/model/end-outlook.ts';
import type { Escalation } from '@parallel-pilot/shared/model/escalation.ts';
import { mayPreempt as isUrgent } from '@parallel-pilot/shared/model/priority.ts';
import type { Farm, Job, Slack } from '../farm/farm.ts';
import { TURN_MS } from './fairness.ts';

/** Slack has to grow so much beyond a step before the step is taken back, or a job would go to and fro. */
const CLEARLY = 1.25;

/** As it is stored now. What it makes of the job is looked at with the next tick. */
export function setDeadline(farm: Farm, job: Job, deadline: number | null): void {
  if (job.deadline !== deadline) {
    job.deadline = deadline;
    job.urgency = 'none';
    if (job.end !== null) job.end = { ...job.end, slack: null };
  } else if (deadline === null || job.end !== null) return;
  farm.endsForeseenAt = Number.NEGATIVE_INFINITY;
}

/** The step that a job with a deadline is at, by the slack that it has; null while nothing is known. */
export function urgencyAfter(
  { urgency, deadline, createdAt }: Pick<Job, 'urgency' | 'deadline' | 'createdAt'>,
  slack: Slack | null,
  { first, preempt }: Escalation,
  now: number,
): Urgency {
  if (deadline === null) return 'none';
  if (deadline <= now || slack?.lost === true) return 'lost';
  if (slack === null) return 'none';
  const part = slack.putOffMs / Math.max(1, deadline - createdAt);
  if (part <= preempt * (urgency === 'preempt' ? CLEARLY : 1)) return 'preempt';
  return part <= first * (goesFirst({ urgency }) ? CLEARLY : 1) ? 'first' : 'none';
}

/** True of a job that goes before others of its team and priority. */
export const goesFirst = ({ urgency }: Pick<Job, 'urgency'>): boolean =>
  urgency === 'first' || urgency === 'preempt';

/** True of a job for which running work of lower priority is taken back: by its own priority, or as its deadline is very near. */
export const mayPreempt = (job: Pick<Job, 'urgency' | 'priority'>): boolean =>
  job.urgency === 'preempt' || isUrgent(job);

const slackOf = ({ end }: Job): number => end?.slack?.putOffMs ?? Number.POSITIVE_INFINITY;

/** Negative when `a` has less slack, or as much and the earlier deadline. */
export const compareSlack = (a: Job, b: Job): number =>
  slackOf(a) === slackOf(b) ? (a.deadline ?? 0) - (b.deadline ?? 0) : slackOf(a) - slackOf(b);

/**
 * Jobs of one rank take part in the choice as one of these: those with a deadline of which no chunk was seen yet, for one
 * chunk each, as nothing can be said before; those that go first; others with a deadline; and the rest.
 */
export function standsAmong(job: Job): 'unseen' | 'first' | 'dated' | 'others' {
  if (goesFirst(job)) return 'first';
  if (job.deadline === null || job.urgency === 'lost') return 'others';
  if (job.held === 0 && isUnseen(job)) return 'unseen';
  return job.end?.slack == null ? 'others' : 'dated';
}

// One is enough, also where it could teach nothing: two such jobs would take turns for ever, and those that go first wait.
const isUnseen = ({ stages }: Job): boolean => [...stages].every(({ times }) => times.count === 0);

/** Of a job that others of its rank wait for, whatever they have received. */
export const standsBefore = (job: Job): boolean => ['unseen', 'first'].includes(standsAmong(job));

/** Whether a worker may stay with `mine`, whose files it has open, although `other` goes first: while it has a turn's slack more at most. */
export const mayKeepBefore = (mine: Job, other: Job): boolean =>
  goesFirst(mine) && goesFirst(other) && slackOf(mine) - slackOf(other) <= TURN_MS;
