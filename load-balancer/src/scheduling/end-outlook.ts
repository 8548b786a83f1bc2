import { cacheScopeOf } from '@parallel-pilot/shared/files/cache-key.ts';
import type { EndOutlook } from '@parallel-pilot/shared/model/end-outlook.ts';
import type { JobId, StageId } from '@parallel-pilot/shared/model/ids.ts';
import type { EndRange } from '@parallel-pilot/shared/model/job-end.ts';
import type { JobEnds, SupposeJob } from '@parallel-pilot/shared/protocol/control.ts';
import { ChunkTable } from '../farm/chunk-table.ts';
import { paceOf } from '../farm/chunk-times.ts';
import { createJob, createStage } from '../farm/create-job.ts';
import type { Farm, Job, Slack, Stage, TeamShare } from '../farm/farm.ts';
import { createPortion } from '../farm/portion.ts';
import { speedOf } from '../prediction/pace.ts';
import type { TimeRange } from '../prediction/time-range.ts';
import { helpFor } from './deadline-help.ts';
import { type ExpectedHours, expectedHours } from './expected-hours.ts';
import { correctionOf, rangesOf } from './job-ends.ts';
import { Outlook } from './outlook.ts';
import { slacksOf } from './slack.ts';
import { type Wanted, wantedOf } from './wanted-work.ts';

/** Another job on the same files may be set otherwise: variance of the logarithm of its work besides. */
const OTHERWISE = 0.05;

/** Of so many jobs of which nothing is known it is looked at in one answer, each of which takes as long as all ranges do. */
const MOST_UNKNOWN = 20;

type WantedByJob = ReadonlyMap<Job, Wanted>;

/** When these jobs are expected to be done, as was foreseen last; a few seconds ago at most. */
export function endsOfJobs(farm: Farm, asked: readonly JobId[], now: number): JobEnds['ends'] {
  let wanted: WantedByJob | null = null;
  let unknown = 0;
  const hours = expectedHours(farm, now);
  const look = () => (wanted ??= wantedOf(farm, new Outlook(farm, now)));
  return asked.flatMap((id) => {
    const job = farm.jobs.get(id);
    if (job === undefined) return [];
    const { end } = job;
    // Of its own work nothing is known yet: what goes before it may be too much already.
    if (end === null && job.deadline !== null && unknown < MOST_UNKNOWN) {
      unknown += 1;
      return [{ job: id, range: null, deadline: ifItTookNoTime(job, look(), { now, hours }) }];
    }
    const range = end === null ? null : rangeFrom(end.range, end.at);
    return [
      {
        job: id,
        range,
        deadline: deadlineOf(job, { range, slack: end?.slack ?? null }, { now, hours, look }),
      },
    ];
  });
}

/** When a job would be done if it were submitted now. */
export function endIfSubmitted(farm: Farm, supposed: SupposeJob, now: number): EndOutlook {
  const stage = stageOf(farm, supposed, now);
  const { job } = stage;
  const found = new Map(wantedOf(farm, new Outlook(farm, now), [stage]));
  const hours = expectedHours(farm, now);
  const one = found.get(job);
  if (one === undefined || one.width === 0 || !one.known)
    return { range: null, deadline: ifItTookNoTime(job, found, { now, hours }) };
  found.set(job, { ...one, deviation: Math.sqrt(one.deviation ** 2 + OTHERWISE) });
  const uncorrected = rangesOf(found, hours).get(job);
  const range =
    uncorrected === undefined || !Number.isFinite(uncorrected.late)
      ? null
      : rangeFrom(correctionOf(farm, job).corrected(uncorrected), now);
  const slack = slacksOf(found, hours, now).get(job) ?? null;
  return { range, deadline: deadlineOf(job, { range, slack }, { now, hours, look: () => found }) };
}

type Look = { now: number; hours: ExpectedHours; look: () => WantedByJob };
const UNKNOWN = { range: null, slack: null };

/** Of its own work nothing is known; what goes before it may be too much already. */
function ifItTookNoTime(
  job: Job,
  found: WantedByJob,
  { now, hours }: Omit<Look, 'look'>,
): EndOutlook['deadline'] {
  const one = found.get(job);
  if (one === undefined || one.width === 0)
    return deadlineOf(job, UNKNOWN, { now, hours, look: () => found });
  const nothing = { ...one, known: true, work: 0, deviation: 0, chunkMs: 0, lastEnd: 0 };
  const wanted = new Map([...found, [job, nothing]]);
  const slack = slacksOf(wanted, hours, now).get(job) ?? null;
  const stands = deadlineOf(job, { range: null, slack }, { now, hours, look: () => wanted });
  if (stands === null || stands.code === 'past') return stands;
  // Less work of its own is no help: it would have none.
  const help = stands.help === null ? null : { ...stands.help, lessWork: null };
  return stands.code === 'missed'
    ? { ...stands, help, atLeast: true }
    : { ...stands, code: 'unknown', lateMs: 0, help: null };
}

const rangeFrom = ({ early, middle, late }: TimeRange, at: number): EndRange => ({
  from: at + early,
  middle: at + middle,
  to: at + late,
});

function deadlineOf(
  job: Job,
  { range, slack }: { range: EndRange | null; slack: Slack | null },
  { now, hours, look }: Look,
): EndOutlook['deadline'] {
  const { deadline, urgency } = job;
  if (deadline === null) return null;
  const common = { urgency, workers: hours.forecast ? ('forecast' as const) : ('present' as const) };
  const after = range === null ? 0 : range.middle - deadline;
  if (deadline <= now)
    return { code: 'past', ...common, lateMs: Math.max(after, now - deadline), help: null };
  if (slack === null) return { code: 'unknown', ...common, lateMs: 0, help: null };
  if (slack.ms >= 0 && !slack.lost) return { code: 'met', ...common, lateMs: -slack.ms, help: null };
  const code = slack.lost || after > 0 ? 'missed' : 'close';
  const help = helpFor(look(), hours, job, now);
  return { code, ...common, lateMs: Math.max(after, -slack.ms, 0), help };
}

function stageOf(farm: Farm, supposed: SupposeJob, now: number): Stage {
  const { team, person, kind, priority, deadline, chunks: size, requirements, asked, seen } = supposed;
  const share: TeamShare = farm.shares.get(team) ?? {
    team,
    cacheScope: cacheScopeOf(team),
    jobs: 0,
    ...createPortion(0),
  };
  const facts = {
    id: 'supposed' as JobId,
    team,
    person,
    kind,
    status: 'queued',
    priority,
    createdAt: now,
    deadline,
  } as const;
  const chunks = new ChunkTable(size);
  for (let ordinal = 0; ordinal < size; ordinal += 1) chunks.set(ordinal, 'queued', 0);
  const files = {
    plannedAt: now,
    inputs: [],
    affinity: 'supposed',
    spec: null,
    memorySeen: 0,
    span: { from: 0, to: 1 },
  };
  const stage = createStage(createJob(share, facts, 0), {
    ...{ id: 'supposed' as StageId, name: supposed.stage, requirements, asked, chunks },
    ...files,
  });
  for (const [at, { worker, ms }] of seen.entries()) {
    const known = farm.workers.get(worker);
    const pace = known === undefined ? null : paceOf(known, stage);
    const ordinal = Math.floor((at * size) / seen.length);
    stage.times.work.add(ordinal, ms * (pace === null ? 1 : speedOf(pace)), pace?.variance ?? 1);
  }
  return stage;
}
