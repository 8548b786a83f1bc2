import { type RawBuilder, sql } from 'kysely';
import type { JobId, TeamId } from '../../model/ids.ts';
import { isOver, JOB_STATUSES, type JobStatus } from '../../model/job.ts';
import type { Db } from './connect.ts';
import { HEAD, type JobHead } from './jobs.ts';

export type JobFilter = {
  team: TeamId;
  state?: JobStatus | 'active' | 'over' | undefined;
  group?: string | undefined;
  /** Jobs in whose name each of these words stands. */
  words?: readonly string[] | undefined;
};

/** Orders of the list. `running` has those that are not over on top. */
export const JOB_ORDERS = ['newest', 'oldest', 'running', 'name', 'largest', 'priority'] as const;
export type JobOrder = (typeof JOB_ORDERS)[number];

type Key = { by: RawBuilder<number | string>; descending: boolean };
const up = (by: RawBuilder<number | string>): Key => ({ by, descending: false });
const down = (by: RawBuilder<number | string>): Key => ({ by, descending: true });

const OVER = sql.join(JOB_STATUSES.filter(isOver).map((status) => sql.lit(status)));
const CREATED = sql<number>`created_at`;
const KEYS: Record<JobOrder, readonly Key[]> = {
  newest: [down(CREATED)],
  oldest: [up(CREATED)],
  running: [up(sql<number>`case when state in (${OVER}) then 1 else 0 end`), down(CREATED)],
  name: [up(sql<string>`lower(name)`), down(CREATED)],
  largest: [down(sql<number>`coalesce(bytes, -1)`), down(CREATED)],
  priority: [down(sql<number>`priority`), down(CREATED)],
};
// Two rows are never equal.
const keysOf = (order: JobOrder): Key[] => [...KEYS[order], down(sql<string>`id`)];

/** Where a page ends: the values of its last row that the order looks at. */
export type JobPlace = readonly (number | string)[];

/** Rows in that order from after `after` on. */
export async function listJobs(
  db: Db,
  filter: JobFilter,
  page: { order: JobOrder; limit: number; after: JobPlace | null },
): Promise<{ job: JobHead; place: JobPlace }[]> {
  const keys = keysOf(page.order);
  let query = db
    .selectFrom('jobs')
    .select(HEAD)
    .select(keys.map(({ by }, index) => by.as(`key_${index}`)))
    .where(matching(filter));
  const { after } = page;
  if (after !== null && after.length === keys.length) query = query.where(isAfter(keys, after));
  for (const { by, descending } of keys) query = query.orderBy(by, descending ? 'desc' : 'asc');
  const rows = await query.limit(page.limit).execute();
  return rows.map((row) => {
    const values = row as Record<string, unknown>;
    const place = keys.map((_, index) => values[`key_${index}`] as number | string);
    return { job: row, place };
  });
}

/** Beyond the first keys that are equal, the next one lies further. */
function isAfter(keys: readonly Key[], place: JobPlace): RawBuilder<boolean> {
  const further = keys.map(({ by, descending }, index) => {
    const same = keys.slice(0, index).map((key, at) => sql`${key.by} = ${place[at]}`);
    const next = descending ? sql`${by} < ${place[index]}` : sql`${by} > ${place[index]}`;
    return sql`(${sql.join([...same, next], sql` and `)})`;
  });
  return sql<boolean>`(${sql.join(further, sql` or `)})`;
}

function matching({ team, state, group, words = [] }: JobFilter): RawBuilder<boolean> {
  const all = [
    sql`team_id = ${team}`,
    sql`state in (${sql.join(statesOf(state))})`,
    ...(group === undefined ? [] : [sql`group_id = ${group}`]),
    // Not `like`, whose wildcards would have to be escaped, in each database differently.
    ...words.map((word) => sql`instr(lower(name), ${word.toLowerCase()}) > 0`),
  ];
  return sql<boolean>`${sql.join(all, sql` and `)}`;
}

function statesOf(state: JobFilter['state']): JobStatus[] {
  if (state === undefined) return [...JOB_STATUSES];
  if (state === 'over') return JOB_STATUSES.filter(isOver);
  if (state === 'active') return JOB_STATUSES.filter((status) => !isOver(status));
  return [state];
}

export type JobCounts = Partial<Record<JobStatus, number>>;

/** How many jobs there are in each state, whichever state the filter names. */
export async function countJobs(db: Db, filter: Omit<JobFilter, 'state'>): Promise<JobCounts> {
  const rows = await db
    .selectFrom('jobs')
    .select((eb) => ['state', eb.fn.countAll().as('count')])
    .where(matching(filter))
    .groupBy('state')
    .execute();
  return Object.fromEntries(rows.map(({ state, count }) => [state, Number(count)]));
}

/** How many of those counted the filter's state means. */
export const totalOf = (counts: JobCounts, state: JobFilter['state']): number =>
  statesOf(state).reduce((sum, one) => sum + (counts[one] ?? 0), 0);

/** Jobs that are over and of which nobody knows yet how much they store. */
export async function unmeasuredJobs(db: Db, limit: number): Promise<JobId[]> {
  const rows = await db
    .selectFrom('jobs')
    .select('id')
    .where('bytes', 'is', null)
    .where('finished_at', 'is not', null)
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}

/** False when the job is no longer over, or gone. */
export async function setJobBytes(db: Db, id: JobId, bytes: number): Promise<boolean> {
  const result = await db
    .updateTable('jobs')
    .set({ bytes })
    .where('id', '=', id)
    .where('finished_at', 'is not', null)
    .executeTakeFirst();
  return Number(result.numUpdatedRows) === 1;
}
