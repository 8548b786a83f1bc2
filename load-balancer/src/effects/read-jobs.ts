import { type JobId, ordinalOfChunk, stageOfChunk, WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import { LIVE_STATES } from '@parallel-pilot/shared/model/job.ts';
import { Requirement } from '@parallel-pilot/shared/model/requirement.ts';
import { Asked } from '@parallel-pilot/shared/model/resources.ts';
import { StageInput } from '@parallel-pilot/shared/protocol/stage-input.ts';
import { ResultFile } from '@parallel-pilot/shared/protocol/workers.ts';
import { chunkStandings } from '@parallel-pilot/shared/server/db/chunks.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import {
  type FarmJob,
  farmJobs,
  liveStages,
  type OpenStage,
  openStages,
  stageTexts,
} from '@parallel-pilot/shared/server/db/farm-reads.ts';
import {
  busyTimes,
  failuresOfJob,
  memorySeen,
  openLeases,
  preemptedLeases,
  succeededWorkers,
} from '@parallel-pilot/shared/server/db/leases.ts';
import { z } from 'zod';
import { ChunkTable } from '../farm/chunk-table.ts';
import type { HeldChunk, JobsRead, LoadedStage } from '../farm/events.ts';
import type { Farm } from '../farm/farm.ts';
import type { Quarantine } from './quarantine.ts';

/**
 * Reads these jobs but for those in quarantine, and whole those open stages of
 * theirs that the farm does not have in mind; with them the given `closed`
 * ones, to be ended. A job with a stage that does not parse goes into quarantine.
 */
export async function readJobs(
  db: Db,
  farm: Farm,
  ids: JobId[],
  quarantine: Quarantine,
  closed: OpenStage[] = [],
): Promise<JobsRead> {
  const asked = ids.filter((id) => !quarantine.holds(id));
  if (asked.length === 0) return { type: 'jobs-read', asked, jobs: [], openStages: [], loaded: [] };
  const rows = await farmJobs(db, asked);
  const open = await openStages(db, asked);
  const wanted = new Set(rows.filter(needsStages).map((row) => row.id));
  const loaded: LoadedStage[] = [];
  const unknown = open.filter((stage) => wanted.has(stage.job_id) && !farm.stages.has(stage.id));
  for (const stage of [...unknown, ...closed]) {
    if (quarantine.holds(stage.job_id)) continue;
    const read = await readStage(db, stage, quarantine);
    if (read !== undefined) loaded.push(read);
  }
  return {
    type: 'jobs-read',
    asked,
    jobs: rows.map(({ id, team_id, person_id, kind, state, priority, created_at, deadline }) => ({
      id,
      team: team_id,
      person: person_id,
      kind,
      status: state,
      priority,
      createdAt: created_at,
      deadline,
    })),
    openStages: open.map((stage) => stage.id),
    loaded,
    grown: await readGrown(db, farm, open),
  };
}

/** What was added to stages that the farm has in mind. */
async function readGrown(
  db: Db,
  farm: Farm,
  open: readonly OpenStage[],
): Promise<NonNullable<JobsRead['grown']>> {
  const grown: NonNullable<JobsRead['grown']> = [];
  for (const { id, chunk_count: size } of open) {
    const known = farm.stages.get(id)?.chunks.size ?? size;
    if (size <= known || size > MOST_CHUNKS) continue;
    const added = await chunkStandings(db, id, known - 1, size - known);
    grown.push({ stage: id, size, added });
  }
  return grown;
}

/** Jobs of which the database says something else than the farm has in mind, hint or no hint. */
export async function changedJobs(db: Db, farm: Farm): Promise<JobId[]> {
  const changed = new Set<JobId>();
  const seen = new Set<string>();
  for (const { stage, job, team, person, state, priority, deadline, chunks } of await liveStages(db)) {
    seen.add(stage);
    const stands = farm.stages.get(stage);
    const known = stands?.job;
    const same =
      stands?.chunks.size === chunks &&
      known?.status === state &&
      known.priority === priority &&
      known.deadline === deadline &&
      known.team === team &&
      known.person === person;
    if (!same) changed.add(job);
  }
  for (const stage of farm.stages.values()) if (!seen.has(stage.id)) changed.add(stage.job.id);
  return [...changed];
}

/** Far beyond what is ever planned; memory is taken by this number. */
const MOST_CHUNKS = 10_000_000;
const MOST_PINNED = 256;

// A job that is over has its stages read too, for what is left to cancel in them.
const needsStages = ({ state }: FarmJob): boolean =>
  state === 'failed' || state === 'canceled' || LIVE_STATES.some((live) => live === state);

const json = <S extends z.ZodType>(schema: S) =>
  z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        context.addIssue({ code: 'custom', message: 'expected JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema);
const StageRow = z.object({
  name: z.string(),
  spec_json: json(z.unknown()),
  inputs_json: json(z.array(StageInput)),
  requirements_json: json(z.array(Requirement)),
  asked_json: json(Asked).nullable(),
  affinity: z.string(),
  planned_at: z.number(),
  chunk_count: z.int().min(0).max(MOST_CHUNKS),
  span_from: z.number(),
  span_to: z.number(),
  gang_min: z.int().positive().nullable(),
  pins_json: json(z.array(WorkerId).max(MOST_PINNED)).nullable(),
  lasting: z.int().nullable(),
});

async function readStage(db: Db, stage: OpenStage, quarantine: Quarantine): Promise<LoadedStage | undefined> {
  const texts = await stageTexts(db, stage.id);
  if (texts === undefined) return undefined;
  const row = StageRow.safeParse({ ...texts, chunk_count: stage.chunk_count });
  if (!row.success) {
    const [issue] = row.error.issues;
    quarantine.add(stage.job_id, { stage: stage.id, issue: `${issue?.path.join('.')}: ${issue?.message}` });
    return undefined;
  }
  return {
    id: stage.id,
    job: stage.job_id,
    name: row.data.name,
    plannedAt: row.data.planned_at,
    spec: row.data.spec_json,
    inputs: row.data.inputs_json,
    requirements: row.data.requirements_json,
    affinity: row.data.affinity,
    asked: row.data.asked_json ?? {},
    span: { from: row.data.span_from, to: row.data.span_to },
    gangMin: row.data.gang_min,
    pins: row.data.pins_json,
    lasting: row.data.lasting === 1,
    chunks: await readChunks(db, stage),
    held: await readHeld(db, stage),
    takenBack: await readTakenBack(db, stage),
    ...(await readHistory(db, stage)),
  };
}

const PAGE = 2_000;

async function readChunks(db: Db, stage: OpenStage): Promise<ChunkTable> {
  const chunks = new ChunkTable(stage.chunk_count);
  for (let after = -1; ; ) {
    const page = await chunkStandings(db, stage.id, after, PAGE);
    for (const row of page) chunks.set(row.ordinal, row.state, row.attempts);
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return chunks;
    after = last.ordinal;
  }
}

async function readHeld(db: Db, { id, job_id }: OpenStage): Promise<HeldChunk[]> {
  const open = await openLeases(db, job_id);
  return open.flatMap((row) => {
    const { id: lease, worker_id: worker, purpose, gang_size: gang, started_at: startedAt } = row;
    if (stageOfChunk(row.chunk_id) !== id) return [];
    return [{ ordinal: ordinalOfChunk(row.chunk_id), lease, worker, purpose, gang, startedAt }];
  });
}

const Files = z.array(ResultFile);

async function readTakenBack(db: Db, { id }: OpenStage): Promise<LoadedStage['takenBack']> {
  const leases = await preemptedLeases(db, id);
  return leases.map(({ id: lease, chunk_id, files_json }) => ({
    ordinal: ordinalOfChunk(chunk_id),
    lease,
    checkpoint: Files.safeParse(JSON.parse(files_json ?? '[]')).data?.[0] ?? null,
  }));
}

async function readHistory(db: Db, stage: OpenStage) {
  const failures = (await failuresOfJob(db, stage.job_id)).map((row) => ({
    chunk: row.chunk_id,
    worker: row.worker_id,
    code: row.failure_code ?? 'unexpected',
    message: row.failure_message ?? '',
    peakMemoryBytes: row.peak_memory_bytes ?? 0,
  }));
  const workers = [...new Set(failures.map((it) => it.worker))];
  const succeeded = workers.length === 0 ? [] : await succeededWorkers(db, stage.job_id, workers);
  const seen = await memorySeen(db, stage.id);
  return { failures, succeeded, busyTimes: await busyTimes(db, stage.id), memorySeen: seen };
}
