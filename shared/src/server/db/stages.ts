import { setImmediate as pause } from 'node:timers/promises';
import { CompiledQuery, type Insertable, type Selectable } from 'kysely';
import type { ChunkSpecs } from '../../kinds/kind.ts';
import { chunkId, type JobId, type PersonId, type StageId, type TeamId } from '../../model/ids.ts';
import type { Db } from './connect.ts';
import type { StagesTable } from './schema/jobs.ts';

export type StageRow = Selectable<StagesTable>;
/** A stage without its long texts. */
export type StageHead = Pick<
  StageRow,
  'id' | 'job_id' | 'ordinal' | 'name' | 'state' | 'chunk_count' | 'span_from' | 'span_to' | 'iteration'
>;

const HEAD = [
  'id',
  'job_id',
  'ordinal',
  'name',
  'state',
  'chunk_count',
  'span_from',
  'span_to',
  'iteration',
] as const;

/**
 * Writes a stage and its chunks, `specs` in the order of their ordinals. Call
 * it in a transaction: a stage without all of its chunks must never be seen.
 */
export async function insertStage(db: Db, row: Insertable<StagesTable>, specs: ChunkSpecs): Promise<void> {
  await db.insertInto('stages').values(row).execute();
  for (let from = 0; from < specs.length; from += BATCH) {
    await db.executeQuery(insertChunks(row.id, row.job_id, from, specs.slice(from, from + BATCH)));
    // 100,000 rows take a second; in between the process answers its other sockets.
    await pause();
  }
}

/**
 * Adds chunks behind those that there are. Compare-and-set: false where the stage was closed, or has grown meanwhile.
 * Call it in a transaction.
 */
export async function growStage(
  db: Db,
  { id, job_id, chunk_count: from }: Pick<StageRow, 'id' | 'job_id' | 'chunk_count'>,
  specs: unknown[],
): Promise<boolean> {
  const result = await db
    .updateTable('stages')
    .set({ chunk_count: from + specs.length })
    .where('id', '=', id)
    .where('state', '=', 'open')
    .where('chunk_count', '=', from)
    .executeTakeFirst();
  if (Number(result.numUpdatedRows) !== 1) return false;
  await db.executeQuery(insertChunks(id, job_id, from, specs));
  return true;
}

const BATCH = 1_000;
const ROW = "(?, ?, ?, ?, ?, 'queued')";

// Written by hand: compiling 1,000 rows through the query builder takes several times as long as inserting them.
function insertChunks(stage: StageId, job: JobId, first: number, specs: unknown[]): CompiledQuery {
  const rows = Array<string>(specs.length).fill(ROW).join(', ');
  const values = specs.flatMap((spec, index) => {
    const ordinal = first + index;
    return [chunkId(stage, ordinal), stage, job, ordinal, JSON.stringify(spec)];
  });
  return CompiledQuery.raw(
    `insert into chunks (id, stage_id, job_id, ordinal, spec_json, state) values ${rows}`,
    values,
  );
}

/** The newest stage of a job, whole. */
export const newestStage = (db: Db, job: JobId): Promise<StageRow | undefined> =>
  db
    .selectFrom('stages')
    .selectAll()
    .where('job_id', '=', job)
    .orderBy('ordinal', 'desc')
    .limit(1)
    .executeTakeFirst();

/** What a stage was planned with. */
export async function stageSpec(db: Db, id: StageId): Promise<unknown> {
  const row = await db.selectFrom('stages').select('spec_json').where('id', '=', id).executeTakeFirst();
  return JSON.parse(row?.spec_json ?? 'null');
}

/** The newest stage of each of these jobs. */
export async function newestStages(db: Db, jobs: JobId[]): Promise<Map<JobId, StageHead>> {
  if (jobs.length === 0) return new Map();
  // By way of the index: a job may have 20,000 stages.
  const rows = await db
    .selectFrom('stages as s')
    .innerJoin(
      (eb) =>
        eb
          .selectFrom('stages')
          .select((of) => ['job_id', of.fn.max('ordinal').as('ordinal')])
          .where('job_id', 'in', jobs)
          .groupBy('job_id')
          .as('newest'),
      (join) => join.onRef('newest.job_id', '=', 's.job_id').onRef('newest.ordinal', '=', 's.ordinal'),
    )
    .select(HEAD.map((column) => `s.${column}` as const))
    .execute();
  return new Map(rows.map((row) => [row.job_id, row]));
}

/** The newest stage of that name, of a job that goes through it again and again the last. */
export const findStage = (db: Db, job: JobId, name: string): Promise<StageRow | undefined> =>
  db
    .selectFrom('stages')
    .selectAll()
    .where('job_id', '=', job)
    .where('name', '=', name)
    .orderBy('ordinal', 'desc')
    .limit(1)
    .executeTakeFirst();

/** Compare-and-set; false when it was closed already. */
export async function closeStage(db: Db, id: StageId, now: number): Promise<boolean> {
  const result = await db
    .updateTable('stages')
    .set({ state: 'closed', closed_at: now })
    .where('id', '=', id)
    .where('state', '=', 'open')
    .executeTakeFirst();
  return Number(result.numUpdatedRows) === 1;
}

/** Compare-and-set; false when it was open. */
export async function reopenStage(db: Db, id: StageId): Promise<boolean> {
  const result = await db
    .updateTable('stages')
    .set({ state: 'open', closed_at: null })
    .where('id', '=', id)
    .where('state', '=', 'closed')
    .executeTakeFirst();
  return Number(result.numUpdatedRows) === 1;
}

/** Opens the newest stage of a job that goes on with it, where it was closed without its last chunks. */
export async function openAgain(db: Db, job: JobId): Promise<void> {
  const stage = await newestStage(db, job);
  if (stage !== undefined) await reopenStage(db, stage.id);
}

/** What its kind will want to know of the stage's results when some of them were made again. */
export async function rememberOfStage(db: Db, id: StageId, memoryJson: string): Promise<void> {
  await db.updateTable('stages').set({ memory_json: memoryJson }).where('id', '=', id).execute();
}

/** Open stages that may be granted and of which nothing is being worked on: what each of them waits for. */
export function waitingStages(
  db: Db,
  states: ('preparing' | 'queued' | 'running')[],
  limit: number,
): Promise<
  (Pick<StageRow, 'id' | 'job_id' | 'requirements_json'> & { person_id: PersonId; team_id: TeamId })[]
> {
  return db
    .selectFrom('jobs as j')
    .innerJoin('stages as s', (join) => join.onRef('s.job_id', '=', 'j.id').on('s.state', '=', 'open'))
    .select(['s.id', 's.job_id', 's.requirements_json', 'j.person_id', 'j.team_id'])
    .where('j.state', 'in', states)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('chunks as c')
            .select('c.stage_id')
            .whereRef('c.stage_id', '=', 's.id')
            .where('c.state', 'in', ['leased', 'running']),
        ),
      ),
    )
    .limit(limit)
    .execute();
}

/** What names a stage's chunks: the kind of its job, and its own name. */
export const stageKind = (db: Db, id: StageId): Promise<{ kind: string; stage: string } | undefined> =>
  db
    .selectFrom('stages as s')
    .innerJoin('jobs as j', 'j.id', 's.job_id')
    .select(['j.kind', 's.name as stage'])
    .where('s.id', '=', id)
    .executeTakeFirst();

/** All stages of a job in their order, without their long texts. */
export const stagesOf = (db: Db, job: JobId): Promise<StageHead[]> =>
  db.selectFrom('stages').select(HEAD).where('job_id', '=', job).orderBy('ordinal').execute();

/** A stage with its times. */
export type TimedStage = StageHead & Pick<StageRow, 'planned_at' | 'closed_at'>;

/** The stages of a job with that name and an iteration after `after`, at most `limit` iterations, in their order. */
export const iterationsOf = (
  db: Db,
  job: JobId,
  name: string,
  { after = 0, limit = 1_000_000 }: { after?: number; limit?: number } = {},
): Promise<TimedStage[]> =>
  db
    .selectFrom('stages')
    .select([...HEAD, 'planned_at', 'closed_at'])
    .where('job_id', '=', job)
    .where('name', '=', name)
    .where('iteration', '>', after)
    .where('iteration', '<=', after + limit)
    .orderBy('ordinal')
    .execute();

/** The newest closed stage of that name, whole. */
export const newestClosedStage = (db: Db, job: JobId, name: string): Promise<StageRow | undefined> =>
  db
    .selectFrom('stages')
    .selectAll()
    .where('job_id', '=', job)
    .where('name', '=', name)
    .where('state', '=', 'closed')
    .orderBy('ordinal', 'desc')
    .limit(1)
    .executeTakeFirst();

/** Removes a stage of which nothing was ever leased. Call it in a transaction. */
export async function deleteStage(db: Db, id: StageId): Promise<void> {
  await db.deleteFrom('chunks').where('stage_id', '=', id).execute();
  await db.deleteFrom('stages').where('id', '=', id).execute();
}
