import { randomBytes } from 'node:crypto';
import {
  chunkId,
  type JobId,
  newId,
  type PersonId,
  type StageId,
  type TeamId,
} from '@parallel-pilot/shared/model/ids.ts';
import type { JobStatus } from '@parallel-pilot/shared/model/job.ts';
import type { Requirement } from '@parallel-pilot/shared/model/requirement.ts';
import type { StageInput } from '@parallel-pilot/shared/protocol/stage-input.ts';
import type { Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { closeStage, insertStage } from '@parallel-pilot/shared/server/db/stages.ts';

export type Planted = { job: JobId; stage: StageId };

export type Plan = {
  chunks: number;
  /** The farm's first, when left out. */
  person?: PersonId;
  team?: TeamId;
  state?: JobStatus;
  priority?: number;
  requirements?: Requirement[];
  affinity?: string;
  inputs?: StageInput[];
  createdAt?: number;
};

/** A job with one open stage, written the way the client backend writes it. */
export async function plantJob(db: Db, plan: Plan): Promise<Planted> {
  const job = newId('job', randomBytes);
  const stage = newId('stg', randomBytes);
  const now = plan.createdAt ?? Date.now();
  await db.transaction().execute(async (transaction) => {
    await transaction
      .insertInto('jobs')
      .values({
        id: job,
        person_id: plan.person ?? ('per_local00000000000000' as PersonId),
        team_id: plan.team ?? ('tea_local00000000000000' as TeamId),
        // Not one that is known: what its results must be like is not told here.
        kind: 'a-test',
        name: 'A job',
        state: plan.state ?? 'queued',
        state_from: null,
        state_code: null,
        state_message: null,
        priority: plan.priority ?? 0,
        spec_json: '{}',
        given_json: null,
        settings_json: null,
        created_at: now,
        updated_at: now,
        finished_at: null,
      })
      .execute();
    await plantStage(transaction as Db, { job, stage }, 0, plan);
  });
  return { job, stage };
}

/** Closes a stage, settled or not, and opens the next one in the same breath. */
export async function planNext(db: Db, { job, stage }: Planted, plan: Plan): Promise<StageId> {
  const next = newId('stg', randomBytes);
  await db.transaction().execute(async (transaction) => {
    await closeStage(transaction as Db, stage, Date.now());
    await plantStage(transaction as Db, { job, stage: next }, 1, plan);
  });
  return next;
}

async function plantStage(db: Db, { job, stage }: Planted, ordinal: number, plan: Plan): Promise<void> {
  const row = {
    id: stage,
    job_id: job,
    ordinal,
    name: 'render',
    state: 'open' as const,
    spec_json: '{"main":"scene.blend"}',
    inputs_json: JSON.stringify(plan.inputs ?? []),
    requirements_json: JSON.stringify(plan.requirements ?? []),
    affinity: plan.affinity ?? `scene-${job}`,
    chunk_count: plan.chunks,
    planned_at: plan.createdAt ?? Date.now(),
    closed_at: null,
  };
  const specs = Array.from({ length: plan.chunks }, (_, frame) => ({ frame }));
  await insertStage(db, row, specs);
}

export async function setJob(
  db: Db,
  job: JobId,
  change: { state?: JobStatus; priority?: number },
): Promise<void> {
  await db.updateTable('jobs').set(change).where('id', '=', job).execute();
}

/** How many chunks of the stage stand where. */
export async function countStates(db: Db, stage: StageId): Promise<Record<string, number>> {
  const rows = await db
    .selectFrom('chunks')
    .select((eb) => ['state', eb.fn.countAll().as('count')])
    .where('stage_id', '=', stage)
    .groupBy('state')
    .execute();
  return Object.fromEntries(rows.map((row) => [row.state, Number(row.count)]));
}

/** With the result that was accepted. */
export const chunkRow = (db: Db, stage: StageId, ordinal: number) =>
  db
    .selectFrom('chunks')
    .leftJoin('leases', 'leases.id', 'chunks.accepted_lease_id')
    .selectAll('chunks')
    .select(['leases.result_json', 'leases.files_json'])
    .where('chunks.id', '=', chunkId(stage, ordinal))
    .executeTakeFirstOrThrow();
