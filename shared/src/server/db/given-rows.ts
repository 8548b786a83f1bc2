import { type RawBuilder, sql, type Updateable } from 'kysely';
import type { Db } from './connect.ts';
import { isMysql } from './is-mysql.ts';
import type { Database } from './schema/database.ts';

type Table = 'chunks' | 'leases';
type Value = string | number | null;
type Row = Record<string, Value>;

/**
 * Rows handed to the database as one parameter, a JSON list of lists, which it reads as a table: the statement is the
 * same however many there are, and each row is found by its key. Up to about a megabyte at once.
 */
function givenRows(mysql: boolean, columns: readonly string[], rows: readonly Row[]): RawBuilder<unknown> {
  const json = JSON.stringify(rows.map((row) => columns.map((column) => wellFormed(row[column] ?? null))));
  if (mysql) {
    // Values become what the columns are that they are given to; ids must be compared as they are stored, by their index.
    const id = 'varchar(64) character set ascii collate ascii_bin';
    const typed = columns.map(
      (column, at) =>
        sql`${givenName(column)} ${sql.raw(column === 'id' ? id : 'longtext')} path ${sql.lit(`$[${at}]`)}`,
    );
    return sql`json_table(${json}, '$[*]' columns (${sql.join(typed)})) as given`;
  }
  const values = columns.map((column, at) => sql`value ->> ${sql.lit(at)} as ${givenName(column)}`);
  return sql`(select ${sql.join(values)} from json_each(${json})) as given`;
}

/** To be compared with `in`: ids as one parameter, where the database finds rows by them no worse. */
export const givenIds = <Id extends string>(db: Db, ids: readonly Id[]): RawBuilder<Id> =>
  isMysql(db) ? sql`(${sql.join(ids)})` : sql`(select value from json_each(${JSON.stringify(ids)}))`;

const givenName = (column: string) => sql.ref(`given_${column}`);

/** Half of a pair of surrogates is no character: a database may refuse what holds one. */
const wellFormed = (value: Value): Value => (typeof value === 'string' ? value.toWellFormed() : value);

/** All rows have the columns of the first. */
export async function insertRows<T extends Table>(
  db: Db,
  table: T,
  rows: readonly Updateable<Database[T]>[],
): Promise<void> {
  const columns = Object.keys(rows[0] ?? {});
  if (columns.length === 0) return;
  const given = givenRows(isMysql(db), columns, rows as readonly Row[]);
  await sql`insert into ${sql.table(table)} (${sql.join(columns.map((column) => sql.ref(column)))})
    select ${sql.join(columns.map(givenName))} from ${given}`.execute(db);
}

/**
 * Sets the rows of these ids to values of their own, and all of them to those of `all`; gives back how many of them were
 * as `where` says. Of the columns in `unlessSet` a value that is there stays. All rows have the columns of the first.
 */
export async function updateRows<T extends Table>(
  db: Db,
  table: T,
  rows: readonly ({ id: string } & Updateable<Database[T]>)[],
  change: { all: Updateable<Database[T]>; unlessSet?: readonly string[]; where: RawBuilder<unknown> },
): Promise<number> {
  const [first] = rows;
  if (first === undefined) return 0;
  const columns = Object.keys(first);
  const mysql = isMysql(db);
  const given = givenRows(mysql, columns, rows as readonly Row[]);
  const own = columns.filter((column) => column !== 'id');
  const set = sql.join([
    ...Object.entries(change.all).map(([column, value]) => sql`${sql.ref(column)} = ${value}`),
    ...own.map((column) => {
      const value = givenName(column);
      const kept = sql`coalesce(${sql.ref(`${table}.${column}`)}, ${value})`;
      return sql`${sql.ref(column)} = ${change.unlessSet?.includes(column) ? kept : value}`;
    }),
  ]);
  const found = sql`${sql.ref(`${table}.id`)} = ${givenName('id')}`;
  const result = mysql
    ? await sql`update ${given} straight_join ${sql.table(table)} on ${found} set ${set} where ${change.where}`.execute(
        db,
      )
    : await sql`update ${sql.table(table)} set ${set} from ${given} where ${found} and ${change.where}`.execute(
        db,
      );
  return Number(result.numAffectedRows ?? 0);
}
