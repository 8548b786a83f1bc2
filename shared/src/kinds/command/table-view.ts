import { z } from 'zod';

const Name = z.string().max(1_000);

/** What people look at of a gathered table: its first rows, and one column over another. The artifact `table.json`. */
export const TableView = z.object({
  columns: z.array(Name),
  /** The first 100. */
  rows: z.array(z.array(z.string())),
  total: z.int().nonnegative(),
  /** Null where there are no two columns of numbers. `points` are 2,000 at most, evenly over the rows. */
  plot: z
    .object({ x: Name, y: Name, points: z.array(z.object({ x: z.number(), y: z.number() })).max(2_001) })
    .nullable(),
});
export type TableView = z.infer<typeof TableView>;

/** Names of the artifacts that gathering makes. */
export const GATHERED = {
  csv: 'table.csv',
  jsonl: 'table.jsonl',
  concat: 'joined.txt',
  view: 'table.json',
} as const;
