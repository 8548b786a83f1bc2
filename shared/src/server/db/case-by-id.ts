import { type RawBuilder, sql } from 'kysely';

/**
 * `case id when … then … end`: another value for each row of one update, in
 * SQL that SQLite and MySQL share. Each row compares its way through the list,
 * so keep it to about a hundred.
 */
export function caseById<T extends string | number | null>(
  values: Iterable<readonly [string, T]>,
): RawBuilder<T> {
  const arms = Array.from(values, ([id, value]) => sql`when ${id} then ${value}`);
  return sql<T>`case ${sql.ref('id')} ${sql.join(arms, sql` `)} end`;
}
