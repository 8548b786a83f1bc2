import type { Counts, JobList, JobListQuery, JobSummary } from '@parallel-pilot/shared/api/jobs.ts';
import type { EndOutlook } from '@parallel-pilot/shared/model/end-outlook.ts';
import type { StageId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { isGrantable } from '@parallel-pilot/shared/model/job.ts';
import { wholeFraction } from '@parallel-pilot/shared/model/whole-fraction.ts';
import { countChunks, recentlyDone, type StageCounts } from '@parallel-pilot/shared/server/db/chunk-reads.ts';
import { dependenciesOf, type LinkedJob } from '@parallel-pilot/shared/server/db/dependencies.ts';
import { countJobs, type JobPlace, listJobs, totalOf } from '@parallel-pilot/shared/server/db/job-list.ts';
import { type JobHead, stateOf } from '@parallel-pilot/shared/server/db/jobs.ts';
import { pipelinesOfJobs } from '@parallel-pilot/shared/server/db/pipelines.ts';
import { newestStages, type StageHead } from '@parallel-pilot/shared/server/db/stages.ts';
import { sweepsOfJobs } from '@parallel-pilot/shared/server/db/sweeps.ts';
import { z } from 'zod';
import type { Parts } from '../parts.ts';
import { waitsFor } from './blocked.ts';
import { deadlineView } from './deadline-view.ts';
import { pinnedNames } from './pinned-words.ts';
import { withQueueEta } from './queue-eta.ts';
import { waitSentence } from './wait-sentence.ts';

/** What summaries are made of: rows, and what the balancer said of chunks under way. */
type Sources = Pick<Parts, 'db' | 'balancer' | 'clock' | 'forecast'>;

/** One page of the team's jobs, in six queries however long it is. */
export async function jobListPage(
  sources: Sources,
  team: TeamId,
  query: z.output<typeof JobListQuery>,
): Promise<JobList> {
  const { db } = sources;
  const words = query.q?.split(/\s+/).filter(Boolean);
  const filter = { team, group: query.group, words };
  const after = readCursor(query.cursor);
  const page = { order: query.sort, limit: query.limit + 1, after };
  const rows = await listJobs(db, { ...filter, state: query.state }, page);
  const shown = rows.slice(0, query.limit);
  const last = shown.at(-1);
  const states = await countJobs(db, filter);
  return {
    jobs: await summarize(
      sources,
      shown.map(({ job }) => job),
    ),
    next: rows.length > shown.length && last !== undefined ? writeCursor(last.place) : null,
    total: totalOf(states, query.state),
    states,
  };
}

const Place = z.array(z.union([z.number(), z.string()])).max(4);
const writeCursor = (place: JobPlace): string => Buffer.from(JSON.stringify(place)).toString('base64url');

// A cursor that was tampered with starts from the beginning.
function readCursor(cursor: string | undefined): JobPlace | null {
  try {
    return Place.parse(JSON.parse(Buffer.from(cursor ?? '', 'base64url').toString()));
  } catch {
    return null;
  }
}

/** The list's view of these jobs, in their order. */
export async function summarize(sources: Sources, jobs: JobHead[]): Promise<JobSummary[]> {
  const { db, balancer, clock, forecast } = sources;
  const now = clock();
  const stages = await newestStages(
    db,
    jobs.map((job) => job.id),
  );
  // A completed job's chunks are all done: 100,000 of them need not be counted to know it.
  const open = jobs.filter((job) => job.state !== 'completed').flatMap((job) => stages.get(job.id) ?? []);
  const counts = await countChunks(
    db,
    open.map((stage) => stage.id),
  );
  const begun = open.filter((stage) => (counts.get(stage.id)?.done ?? 0) > 0).map((stage) => stage.id);
  const newest = new Map((await recentlyDone(db, begun, 1)).map((chunk) => [chunk.stage_id, chunk.ordinal]));
  const blocked = jobs.filter((job) => job.state === 'blocked').map((job) => job.id);
  const awaited = await dependenciesOf(db, blocked);
  const grouped = jobs.filter((job) => job.group_id !== null).map((job) => job.id);
  const sweeps = await sweepsOfJobs(db, grouped);
  const pipelines = await pipelinesOfJobs(
    db,
    jobs.map((job) => job.id),
  );
  const why = await waitingOf(
    sources,
    jobs.filter((job) => {
      const stage = stages.get(job.id);
      const { queued = 0, leased = 0, running = 0 } = (stage && counts.get(stage.id)) ?? {};
      return queued > 0 || (leased > 0 && running === 0);
    }),
  );
  const working = jobs.filter((job) => isGrantable(job.state)).map((job) => job.id);
  const ends = working.length === 0 ? null : await balancer.endsOf(working);
  const all = jobs.map((job) => {
    const stage = stages.get(job.id);
    const known = stage === undefined ? {} : (counts.get(stage.id) ?? { done: stage.chunk_count });
    return summary(job, stage, {
      counts: known,
      underWay: balancer.progress(job.id).reduce((sum, one) => sum + one.fraction, 0),
      newest: newest.get(stage?.id as StageId) ?? null,
      end: ends?.get(job.id) ?? null,
      waiting: job.state === 'blocked' ? waitingForJobs(awaited.get(job.id) ?? []) : why(job, known),
      sweep: sweeps.get(job.id) ?? null,
      pipeline: pipelines.get(job.id) ?? null,
      now,
    });
  });
  return withQueueEta(forecast, all, ({ id }) => isWhole(stages.get(id)));
}

/** Whether the stage is all that the job is. */
const isWhole = (stage: StageHead | undefined): boolean =>
  stage === undefined || stage.span_to - stage.span_from === 1;

type Known = {
  counts: StageCounts;
  /** How much of the chunks under way is done, in chunks. */
  underWay: number;
  /** The chunk that was done last. */
  newest: number | null;
  end: EndOutlook | null;
  waiting: JobSummary['waiting'];
  sweep: JobSummary['sweep'];
  pipeline: JobSummary['pipeline'];
  now: number;
};

function summary(job: JobHead, stage: StageHead | undefined, known: Known): JobSummary {
  const { counts, end, now } = known;
  const total = stage?.chunk_count ?? 0;
  const newest = job.state === 'completed' && total > 0 ? total - 1 : known.newest;
  const eta = isGrantable(job.state) ? (end?.range ?? null) : null;
  return {
    id: job.id,
    person: job.person_id,
    kind: job.kind,
    name: job.name,
    state: job.state,
    priority: job.priority,
    createdAt: job.created_at,
    updatedAt: job.updated_at,
    startedAt: job.started_at,
    finishedAt: job.finished_at,
    stage: stage?.name ?? '',
    counts: countsOf(total, counts),
    fraction: job.state === 'completed' ? 1 : fractionOf(stage, known),
    group: job.group_id,
    sweep: known.sweep,
    pipeline: known.pipeline,
    eta,
    etaSeconds: eta === null ? null : Math.max(0, eta.middle - now) / 1_000,
    deadline: deadlineView(job, end, now),
    newest,
    bytes: job.bytes,
    problem: problemOf(job),
    waiting: known.waiting,
  };
}

function problemOf(job: JobHead): JobSummary['problem'] {
  const state = stateOf(job);
  if (state.status === 'failed') return { code: state.code, message: state.message };
  return state.status === 'canceled' ? (state.reason ?? null) : null;
}

const PAUSED = { code: 'paused' } as const;
const UNKNOWN = {
  code: 'unknown',
  message: 'The load balancer cannot be asked at the moment. The job goes on when it is back.',
};

/** Asks once about all of those that may wait. `jobs` have chunks that have not begun. */
async function waitingOf({ db, balancer }: Pick<Sources, 'db' | 'balancer'>, jobs: readonly JobHead[]) {
  const asked = jobs.filter((job) => isGrantable(job.state)).map((job) => job.id);
  const reasons = asked.length === 0 ? null : await balancer.whyWaiting(asked);
  const names = await pinnedNames(db, reasons?.values() ?? []);
  const may = new Set(asked);
  return (job: JobHead, { leased = 0, running = 0 }: StageCounts): JobSummary['waiting'] => {
    const reason = job.state === 'paused' ? PAUSED : reasons?.get(job.id);
    if (reason !== undefined) return { code: reason.code, message: waitSentence(reason, job.kind, names) };
    return may.has(job.id) && reasons === null && leased + running === 0 ? UNKNOWN : null;
  };
}

/** Null in the moment in which it begins. */
function waitingForJobs(after: readonly LinkedJob[]): JobSummary['waiting'] {
  const message = waitsFor(after);
  return message === null ? null : { code: 'dependencies', message };
}

/** How much of the whole job is done, by the part of it that its newest stage is. */
function fractionOf(stage: StageHead | undefined, { counts, underWay }: Known): number {
  if (stage === undefined) return 0;
  const span = { from: stage.span_from, to: stage.span_to };
  return wholeFraction(span, stage.chunk_count, counts.done ?? 0, underWay);
}

const countsOf = (total: number, counts: StageCounts): Counts => ({
  total,
  queued: counts.queued ?? 0,
  leased: counts.leased ?? 0,
  running: counts.running ?? 0,
  done: counts.done ?? 0,
  failed: counts.failed ?? 0,
  canceled: counts.canceled ?? 0,
});
