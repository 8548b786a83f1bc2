import type { ColumnMetadata, TableMetadata } from 'kysely';
import type { Db } from './connect.ts';
import { JOURNAL } from './resumable-migration.ts';

/** Those of the farm itself, as they are at this version. */
export async function tablesOf(db: Db): Promise<TableMetadata[]> {
  return (await db.introspection.getTables()).filter(({ name }) => name !== JOURNAL);
}

/** A row that differs in every column from those with another number; what may be null is so in every second one. */
export function rowOf(columns: readonly ColumnMetadata[], number: number): Record<string, unknown> {
  const filled = columns.filter(
    (column) => !column.isAutoIncrementing && !(column.isNullable && number % 2 === 1),
  );
  // A row of nothing but nulls is none.
  const written = filled.length === 0 ? columns : filled;
  return Object.fromEntries(written.map((column) => [column.name, sampleFor(column, number)]));
}

function sampleFor({ name, dataType }: ColumnMetadata, number: number): unknown {
  if (/tinyint/i.test(dataType)) return number % 2;
  if (/int|double|real/i.test(dataType)) return 1_000 + number;
  if (/^date/i.test(dataType)) return new Date(1_700_000_000_000 + number);
  return name.endsWith('_json') ? `{"number":${number}}` : `${name} ${number}`;
}
