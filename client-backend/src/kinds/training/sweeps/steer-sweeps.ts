import { judgedMetric } from '@parallel-pilot/shared/kinds/training/metric.ts';
import { Metrics } from '@parallel-pilot/shared/kinds/training/metrics.ts';
import { TrainingSpec } from '@parallel-pilot/shared/kinds/training/stored-spec.ts';
import {
  lacksMetric,
  type Report,
  type Steer,
  type SweptRun,
  steer,
} from '@parallel-pilot/shared/kinds/training/sweep/halving.ts';
import type { Sweep } from '@parallel-pilot/shared/kinds/training/sweep/search.ts';
import { noMetricSentence, stopSentence } from '@parallel-pilot/shared/kinds/training/sweep/stop-words.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { type EndReason, isOver, type JobEvent } from '@parallel-pilot/shared/model/job.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import { findJob } from '@parallel-pilot/shared/server/db/jobs.ts';
import { addNotes } from '@parallel-pilot/shared/server/db/notes.ts';
import {
  findSweep,
  holdMember,
  liveSweeps,
  lockSweep,
  type MemberRow,
  membersOf,
  noteProblem,
  type ReportRow,
  reportsOf,
  type SweepKey,
} from '@parallel-pilot/shared/server/db/sweeps.ts';
import { changeJob } from '../../../change-job.ts';
import type { Parts } from '../../../parts.ts';
import { searchOf } from './stored-sweep.ts';

type SteerParts = Pick<Parts, 'db' | 'clock' | 'balancer' | 'live' | 'log'>;
type Member = MemberRow & { run: SweptRun };

/** Does what is due for every sweep of which some training is not over. */
export async function steerSweeps(parts: SteerParts): Promise<void> {
  for (const key of await liveSweeps(parts.db)) await steerSweep(parts, key);
}

/** In one transaction, from the rows alone: a crash before its end leaves them as they were, and the same is decided again. */
async function steerSweep(parts: SteerParts, key: SweepKey): Promise<void> {
  // Most of the time nothing is due, and nobody has to be kept out for that.
  if ((await dueFor(parts.db, key)) === null) return;
  let problem: EndReason | undefined;
  const changed = await inTransaction(parts.db, async (db) => {
    await lockSweep(db, key);
    const due = await dueFor(db, key);
    if (due === null) return [];
    const { members, reports, search } = due;
    const now = parts.clock();
    const jobs: JobId[] = [];
    for (const { job, held, run } of members) {
      // Somebody resumed it by hand.
      if (held !== null && (run.at === 'running' || run.at === 'over')) await holdMember(db, job.id, null);
    }
    if (due.problem !== null) {
      await noteProblem(db, key, due.problem);
      problem = { code: 'stopped', message: due.problem };
      for (const member of members)
        if (await change(db, member, { type: 'cancel', reason: problem }, now)) jobs.push(member.job.id);
      return jobs;
    }
    for (const step of due.steps) {
      const member = members.find(({ number }) => number === step.number);
      if (member === undefined) continue;
      const event: JobEvent =
        step.do === 'stop'
          ? { type: 'cancel', reason: await reasonOf(db, member, step, reports, search) }
          : { type: 'resume' };
      if (await change(db, member, event, now)) jobs.push(member.job.id);
    }
    return jobs;
  });
  for (const job of changed) {
    parts.log.info({ event: 'sweep.steered', sweep: key.id, job });
    parts.balancer.jobsChanged([job]);
    parts.live.jobChanged(job);
  }
  // Those that moved on at the same moment.
  if (problem !== undefined) await cancelSweep(parts, key, problem);
}

/** Cancels what is left of a sweep. False when there is no such sweep. */
export async function cancelSweep(parts: SteerParts, key: SweepKey, reason?: EndReason): Promise<boolean> {
  const event: JobEvent = { type: 'cancel', ...(reason === undefined ? {} : { reason }) };
  for (let races = 0; races < MOST_RACES; races += 1) {
    const canceled = await inTransaction(parts.db, async (db) => {
      if ((await lockSweep(db, key)) === undefined) return null;
      const jobs: JobId[] = [];
      const live = (await membersOf(db, key)).filter(({ job }) => !isOver(job.state));
      for (const member of live) if (await change(db, member, event, parts.clock())) jobs.push(member.job.id);
      return { jobs, left: live.length - jobs.length };
    });
    if (canceled === null) return false;
    for (const job of canceled.jobs) {
      parts.balancer.jobsChanged([job]);
      parts.live.jobChanged(job);
    }
    // One that moved on at the same moment is looked at again.
    if (canceled.left === 0) return true;
  }
  throw new Error(`the trainings of the sweep ${key.id} change faster than they can be canceled`);
}

/** A job changes its state a few times in a second at most. */
const MOST_RACES = 10;

type Due = { members: Member[]; reports: ReportRow[]; search: Sweep; steps: Steer[]; problem: string | null };

/** Null where nothing is due. */
async function dueFor(db: Db, key: SweepKey): Promise<Due | null> {
  const sweep = await findSweep(db, key);
  if (sweep === undefined) return null;
  const rows = await membersOf(db, key);
  const [first] = rows;
  if (first === undefined) return null;
  const search = searchOf(sweep);
  const reports = await reportsOf(
    db,
    rows.map(({ job }) => job.id),
  );
  const members = rows.map((row) => ({ ...row, run: runOf(row, reports) }));
  const runs = members.map(({ run }) => run);
  const told = members.flatMap(({ job, number }) =>
    reports
      .filter(({ job_id }) => job_id === job.id)
      .map(({ rung, value }): Report => ({ number, rung, value })),
  );
  const held = members.some(({ run }) => run.at === 'held' || run.at === 'waiting');
  const freed = members.some(({ held, run }) => held !== null && (run.at === 'running' || run.at === 'over'));
  if (!held && !freed) return null;
  const metric = await metricOf(db, first, reports);
  // Told once: what somebody takes up after that goes on.
  const lacks = sweep.problem === null && lacksMetric(runs, told);
  const problem = lacks ? noMetricSentence(metric.asked, metric.names) : null;
  const { reductionFactor, concurrent } = search;
  const steps = steer(runs, told, { reductionFactor, concurrent, goal: metric.goal });
  return steps.length === 0 && problem === null && !freed
    ? null
    : { members, reports, search, steps, problem };
}

function runOf({ number, held, job }: MemberRow, reports: readonly ReportRow[]): SweptRun {
  const rung = reports.filter(({ job_id }) => job_id === job.id).length;
  if (isOver(job.state) || job.state === 'assembling') return { number, rung, at: 'over' };
  if (job.state !== 'paused' || held === null) return { number, rung, at: 'running' };
  return { number, rung, at: held === 'turn' ? 'waiting' : 'held' };
}

/** By what the trainings are compared, and what they hand over. All have the settings of the first, but for parameters. */
async function metricOf(db: Db, { job }: MemberRow, reports: readonly ReportRow[]) {
  const row = await findJob(db, job.id);
  if (row === undefined) throw new Error(`the job ${job.id} was deleted while its sweep was looked at`);
  const { settings } = TrainingSpec.parse(JSON.parse(row.spec_json));
  const all = reports.map(({ metrics_json }) => Metrics.parse(JSON.parse(metrics_json)));
  const judged = all.flatMap((metrics) => judgedMetric(metrics, settings) ?? [])[0];
  const names = [...new Set(all.flatMap((metrics) => Object.keys(metrics)))];
  return {
    asked: settings.metric,
    name: judged?.name ?? settings.metric ?? 'metric',
    goal: judged?.goal ?? 'max',
    names,
  };
}

async function reasonOf(
  db: Db,
  member: Member,
  { rung, best, of }: Extract<Steer, { do: 'stop' }>,
  reports: readonly ReportRow[],
  { reductionFactor }: Sweep,
): Promise<EndReason> {
  const report = reports.find((one) => one.job_id === member.job.id && one.rung === rung);
  const { name } = await metricOf(db, member, reports);
  const round = report?.iteration ?? 0;
  const sentence = { round, metric: name, value: report?.value ?? null, best, of, reductionFactor };
  return { code: 'stopped', message: stopSentence(sentence) };
}

/** False where the job may not do that any more, or changed since it was read: it is looked at again. */
async function change(db: Db, { job }: MemberRow, event: JobEvent, now: number): Promise<boolean> {
  const changed = await changeJob(db, job, event, now);
  if (!changed.ok) return false;
  await holdMember(db, job.id, null);
  if (event.type === 'cancel' && event.reason !== undefined)
    await addNotes(db, job.id, [{ level: 'info', ...event.reason }], now);
  return true;
}
