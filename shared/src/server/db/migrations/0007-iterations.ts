import { type Kysely, sql } from 'kysely';

/** Stages that say which iteration they are, and blobs that say how often they were handed in. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('stages').addColumn('iteration', 'integer').execute();
  // Until now the rounds of a training were told from their places alone: train and merge of round r at 2r and 2r + 1.
  const places = sql.raw(
    db.getExecutor().adapter.constructor.name === 'MysqlAdapter' ? 'ordinal div 2' : 'ordinal / 2',
  );
  await sql`update stages set iteration = ${places} where name in ('train', 'merge')`.execute(db);
  await sql`update stages set iteration = ${places} - 1 where name = 'evaluate'`.execute(db);
  // Nobody knows how often those that are here were: 2 leaves them to the sweep.
  await db.schema
    .alterTable('blobs')
    .addColumn('claims', 'integer', (c) => c.notNull().defaultTo(2))
    .execute();
}
