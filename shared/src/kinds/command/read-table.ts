import { parse } from 'csv-parse/browser/esm/sync';
import { MOST_ROWS, ParameterName, type Parameters } from './parameters.ts';
import type { Typed } from './typed-parameters.ts';

/** A .csv whose first line names the parameters: a run for each further line. `name` is the file's. */
export function readTable(name: string, text: string): Typed<Extract<Parameters, { from: 'table' }>> {
  let records: { record: string[]; info: { lines: number } }[];
  try {
    // Typed wrongly by the library where `info` is asked for.
    records = parse(text, {
      bom: true,
      relax_column_count: true,
      skip_empty_lines: true,
      info: true,
    }) as never;
  } catch (error) {
    return refuse(`${name} cannot be read as a table: ${(error as Error).message}.`);
  }
  const [header, ...rows] = records;
  if (header === undefined) return refuse(`${name} is empty. Its first line names the parameters.`);
  const names = header.record.map((cell) => cell.trim());
  const bad = names.find((one) => !ParameterName.safeParse(one).success);
  if (bad !== undefined)
    return refuse(
      `${name}: "${bad}" cannot be the name of a parameter: letters, digits and _ make one. The first line has to name the columns.`,
    );
  if (rows.length === 0) return refuse(`${name} names parameters, and has no row with values.`);
  if (rows.length > MOST_ROWS)
    return refuse(
      `${name} has ${rows.length.toLocaleString('en')} rows, and ${MOST_ROWS.toLocaleString('en')} are the most. Send the file along, and have each run of --array 1-${rows.length} read its own row.`,
    );
  const uneven = rows.find(({ record }) => record.length !== names.length);
  if (uneven !== undefined)
    return refuse(
      `${name}, line ${uneven.info.lines}: there ${uneven.record.length === 1 ? 'is 1 value' : `are ${uneven.record.length} values`}, and the first line names ${names.length}.`,
    );
  return { ok: true, value: { from: 'table', names, rows: rows.map(({ record }) => record) } };
}

const refuse = (message: string): { ok: false; message: string } => ({ ok: false, message });
