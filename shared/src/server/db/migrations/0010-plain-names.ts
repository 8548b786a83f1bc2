import { type Kysely, sql } from 'kysely';

/**
 * Names that hold for every kind and say what they are: states of jobs, the backend's own tasks, and what a training
 * counts from round to round. MySQL does not undo half of it, so each part may be done twice.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const [before, now] of STATES) {
    await sql`update jobs set state = ${now} where state = ${before}`.execute(db);
    await sql`update jobs set state_from = ${now} where state_from = ${before}`.execute(db);
  }
  await renameCounts(db);
  const tables = await db.introspection.getTables();
  if (tables.some(({ name }) => name === 'errands'))
    await db.schema.alterTable('errands').renameTo('background_tasks').execute();
}

const STATES = [
  ['probing', 'preparing'],
  ['stitching', 'assembling'],
] as const;

const COUNTS = [
  ['stale', 'roundsWithoutImprovement'],
  ['lossy', 'incompleteRounds'],
  ['lost', 'missingShards'],
] as const;

const AT_ONCE = 200;

type Row = { id: string; spec_json: string };

/** In the `state` of the stages of a round. A script's parameter may have one of the names too, and keeps it. */
async function renameCounts(db: Kysely<unknown>): Promise<void> {
  for (let after = ''; ; ) {
    const { rows } =
      await sql<Row>`select s.id, s.spec_json from stages as s join jobs as j on j.id = s.job_id
      where j.kind = 'training' and s.name in ('train', 'merge') and s.id > ${after}
      order by s.id limit ${sql.lit(AT_ONCE)}`.execute(db);
    const [last] = rows.slice(-1);
    if (last === undefined) return;
    const changed = rows.flatMap(({ id, spec_json }) => {
      const renamed = withNewNames(spec_json);
      return renamed === null ? [] : [{ id, renamed }];
    });
    if (changed.length > 0) {
      const cases = changed.map(({ id, renamed }) => sql`when ${id} then ${renamed}`);
      await sql`update stages set spec_json = case id ${sql.join(cases, sql` `)} end
        where id in (${sql.join(changed.map(({ id }) => id))})`.execute(db);
    }
    after = last.id;
  }
}

/** Null where there is nothing to rename. */
function withNewNames(json: string): string | null {
  const spec = JSON.parse(json);
  const { state } = spec;
  if (typeof state !== 'object' || state === null || !COUNTS.some(([before]) => before in state)) return null;
  for (const [before, now] of COUNTS) {
    if (!(before in state)) continue;
    state[now] = state[before];
    delete state[before];
  }
  return JSON.stringify(spec);
}
