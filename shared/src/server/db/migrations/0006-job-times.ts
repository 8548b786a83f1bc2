import { type Kysely, sql } from 'kysely';

/** When the work on a job began, and how much it stores. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('jobs').addColumn('started_at', 'bigint').execute();
  await db.schema.alterTable('jobs').addColumn('bytes', 'bigint').execute();
  await db.schema.createIndex('jobs_unmeasured').on('jobs').columns(['bytes', 'finished_at']).execute();
  // Of jobs from before: the first chunk of any stage but the look into the file, which is stage 0.
  await sql`update jobs set started_at = (
    select min(c.started_at) from chunks as c join stages as s on s.id = c.stage_id
    where s.job_id = jobs.id and s.ordinal > 0
  )`.execute(db);
}
