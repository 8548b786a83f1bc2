import { plannedSettings } from '@parallel-pilot/shared/kinds/training/ddp.ts';
import { isBetter, judgedMetric } from '@parallel-pilot/shared/kinds/training/metric.ts';
import { Metrics } from '@parallel-pilot/shared/kinds/training/metrics.ts';
import { Best } from '@parallel-pilot/shared/kinds/training/stages.ts';
import { TrainingSpec } from '@parallel-pilot/shared/kinds/training/stored-spec.ts';
import { rungsOf } from '@parallel-pilot/shared/kinds/training/sweep/search.ts';
import type { SweepView, SweptTraining } from '@parallel-pilot/shared/kinds/training/sweep/view.ts';
import type { JobId, StageId } from '@parallel-pilot/shared/model/ids.ts';
import { isOver } from '@parallel-pilot/shared/model/job.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { stateOf } from '@parallel-pilot/shared/server/db/jobs.ts';
import { resultFields, specFields } from '@parallel-pilot/shared/server/db/result-reads.ts';
import {
  closedIterations,
  findSweep,
  type MemberRow,
  membersOf,
  newestClosed,
  type SweepKey,
  specsOfMembers,
} from '@parallel-pilot/shared/server/db/sweeps.ts';
import { searchOf } from './stored-sweep.ts';

/** What is shown of a sweep, in eight queries however many trainings it has; null where there is no such sweep. */
export async function sweepView(db: Db, key: SweepKey): Promise<SweepView | null> {
  const row = await findSweep(db, key);
  if (row === undefined) return null;
  const sweep = searchOf(row);
  const members = await membersOf(db, key);
  const specs = await specsOfMembers(db, key);
  const jobs = members.map(({ job }) => job.id);
  const settings = new Map(
    [...specs].map(([job, json]) => [job, plannedSettings(TrainingSpec.parse(JSON.parse(json)).settings)]),
  );
  const rounds = Math.max(1, ...[...settings.values()].map((one) => one.rounds));
  const merged = await mergedOf(db, jobs, Math.ceil(rounds / MOST_POINTS));
  const trainings = members.flatMap((member): SweptTraining[] => {
    const of = settings.get(member.job.id);
    if (of === undefined) return [];
    const { newest = null, curve = [] } = merged.get(member.job.id) ?? {};
    return [
      {
        job: member.job.id,
        number: member.number,
        name: member.job.name,
        params: of.params,
        state: member.job.state,
        because: becauseOf(member, newest?.round ?? 0, sweep.concurrent),
        round: newest?.round ?? 0,
        rounds: of.rounds,
        metrics: newest?.metrics ?? null,
        best: newest === null ? null : bestOf(newest, of),
        curve,
      },
    ];
  });
  const judged = trainings.find(({ best }) => best !== null)?.best ?? null;
  const [first] = settings.values();
  const metric =
    judged === null || first === undefined
      ? null
      : { name: judged.name, goal: judgedMetric({ [judged.name]: 0 }, first)?.goal ?? ('max' as const) };
  return {
    id: row.id,
    name: row.name,
    person: row.person_id,
    createdAt: row.created_at,
    state: stateOfAll(trainings),
    sweep,
    rungs: rungsOf(sweep, rounds),
    metric,
    problem: row.problem,
    best: metric === null ? null : bestTraining(trainings, metric),
    trainings,
  };
}

const MOST_POINTS = 200;

type Merged = { round: number; metrics: Metrics; before: Best | null };
type OfJob = { newest: Merged | null; curve: SweptTraining['curve'] };

/** The merged models of these jobs: the newest of each, and those of each `nth` round. */
async function mergedOf(db: Db, jobs: readonly JobId[], nth: number): Promise<Map<JobId, OfJob>> {
  const points = await closedIterations(db, jobs, 'merge', nth);
  const ends = await newestClosed(db, jobs, 'merge');
  const ids = [...new Set([...points, ...ends].map(({ id }) => id))];
  const results = new Map(
    (await resultFields(db, ids, { metrics: '$.metrics' })).map((one) => [one.stage_id, one.fields.metrics]),
  );
  const befores = await specFields(
    db,
    ends.map(({ id }) => id),
    { best: '$.state.best' },
  );
  const metricsOf = (id: StageId) => Metrics.nullish().parse(results.get(id)) ?? {};
  return new Map(
    ends.map(({ id, job_id, iteration }) => {
      const before = Best.nullish().parse(befores.get(id)?.best) ?? null;
      const curve = points
        .filter((point) => point.job_id === job_id)
        .map((point) => ({ round: point.iteration, metrics: metricsOf(point.id) }));
      return [job_id, { newest: { round: iteration, metrics: metricsOf(id), before }, curve }];
    }),
  );
}

/** As `standingOf` has it for one job. */
function bestOf(
  { round, metrics, before }: Merged,
  settings: Parameters<typeof judgedMetric>[1],
): SweptTraining['best'] {
  const judged = judgedMetric(metrics, settings, before?.name);
  if (judged !== null && (before === null || isBetter(judged.value, before.value, judged.goal)))
    return { round, name: judged.name, value: judged.value };
  return before === null ? null : { round: before.round, name: before.name, value: before.value };
}

function becauseOf({ job, held }: MemberRow, round: number, concurrent: number): SweptTraining['because'] {
  const state = stateOf(job);
  if (state.status === 'canceled' && state.reason !== undefined)
    return { code: 'stopped', sentence: state.reason.message };
  if (state.status !== 'paused' || held === null) return null;
  return held === 'turn'
    ? { code: 'turn', sentence: `Waits for its turn: ${concurrent} of its sweep run at once.` }
    : { code: 'rung', sentence: `Waits after round ${round} until enough others came so far.` };
}

function stateOfAll(trainings: readonly SweptTraining[]): SweepView['state'] {
  if (trainings.some(({ state }) => !isOver(state))) return 'running';
  const some = (state: string) => trainings.some((training) => training.state === state);
  return some('completed') ? 'completed' : some('failed') ? 'failed' : 'canceled';
}

function bestTraining(
  trainings: readonly SweptTraining[],
  { name, goal }: { name: string; goal: 'max' | 'min' },
): JobId | null {
  let best: SweptTraining | null = null;
  for (const one of trainings) {
    if (one.best === null || one.best.name !== name) continue;
    if (best?.best == null || isBetter(one.best.value, best.best.value, goal)) best = one;
  }
  return best?.job ?? null;
}
