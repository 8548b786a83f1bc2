import { TableView } from '@parallel-pilot/shared/kinds/command/table-view.ts';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import type { DoneRun } from '../done-runs.ts';
import { Ungathered } from './run-text.ts';

/** The table of one run: its columns, and rows of texts. */
export type RunTable = { run: DoneRun; columns: string[]; rows: string[][] };

/** What was seen of all tables before they are written: the columns of all, in the order in which they came. */
export type Survey = {
  parameters: string[];
  columns: string[];
  total: number;
  /** Columns in which something is no number. */
  texts: Set<string>;
};

const MOST_COLUMNS = 1_000;
const MOST_POINTS = 2_000;
const MOST_SHOWN = 100;

/** Throws Ungathered with the number of the run. */
export function readRunTable(run: DoneRun, bytes: Buffer): RunTable {
  let records: string[][];
  try {
    records = parse(bytes, { bom: true, skip_empty_lines: true, relax_column_count: true });
  } catch (error) {
    throw new Ungathered(`Run ${run.run + 1}: its table cannot be read: ${(error as Error).message}.`);
  }
  const [header = [], ...rows] = records;
  const columns = header.map((name) => name.trim());
  if (new Set(columns).size < columns.length)
    throw new Ungathered(`Run ${run.run + 1}: two columns of its table have one name.`);
  const uneven = rows.findIndex((row) => row.length !== columns.length);
  if (uneven >= 0)
    throw new Ungathered(
      `Run ${run.run + 1}: row ${uneven + 1} of its table has ${rows[uneven]?.length} values, and there are ${columns.length} columns.`,
    );
  return { run, columns, rows };
}

export const openSurvey = (): Survey => ({ parameters: [], columns: [], total: 0, texts: new Set() });

export function survey(seen: Survey, { run, columns, rows }: RunTable): void {
  for (const name of Object.keys(run.values)) if (!seen.parameters.includes(name)) seen.parameters.push(name);
  for (const name of columns) if (!seen.columns.includes(name)) seen.columns.push(name);
  if (seen.columns.length > MOST_COLUMNS)
    throw new Ungathered(`The tables of all runs have more than ${MOST_COLUMNS} different columns together.`);
  seen.total += rows.length;
  for (const [name, value] of Object.entries(run.values)) if (!isNumber(value)) seen.texts.add(name);
  for (const [column, name] of columns.entries())
    if (rows.some((row) => row[column] !== '' && !isNumber(row[column] ?? ''))) seen.texts.add(name);
}

const isNumber = (text: string): boolean => text.trim() !== '' && Number.isFinite(Number(text));

/** Writes rows of all runs under one header, with the number and the parameters of each, and keeps what is to be shown. */
export function createTable({ parameters, columns, total, texts }: Survey) {
  // What a run says of itself goes before what it was told.
  const told = ['run', ...parameters].filter((name) => !columns.includes(name));
  const header = [...told, ...columns];
  const numeric = header.filter((name) => !texts.has(name));
  const x = numeric.find((name) => parameters.includes(name)) ?? numeric.find((name) => name === 'run');
  const y = columns.findLast((name) => numeric.includes(name) && name !== x);
  const every = Math.max(1, Math.ceil(total / MOST_POINTS));
  const view: TableView = {
    columns: header,
    rows: [],
    total,
    plot: x === undefined || y === undefined ? null : { x, y, points: [] },
  };
  const [atX, atY] = [header.indexOf(x ?? ''), header.indexOf(y ?? '')];
  let written = 0;
  const keep = (row: string[]): void => {
    if (view.rows.length < MOST_SHOWN) view.rows.push(row);
    const [px, py] = [row[atX] ?? '', row[atY] ?? ''];
    if (written % every === 0 && isNumber(px) && isNumber(py))
      view.plot?.points.push({ x: Number(px), y: Number(py) });
    written += 1;
  };
  return {
    header: (): string => stringify([header]),
    rows({ run, columns: own, rows }: RunTable): string {
      const values: Record<string, string> = { ...run.values, run: String(run.run + 1) };
      const all = rows.map((row) =>
        header.map((name, index) =>
          index < told.length ? (values[name] ?? '') : (row[own.indexOf(name)] ?? ''),
        ),
      );
      for (const row of all) keep(row);
      return stringify(all);
    },
    view: (): TableView => TableView.parse(view),
  };
}
