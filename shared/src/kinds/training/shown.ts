import { z } from 'zod';
import type { TrainingSettings } from './settings.ts';

/*
 * What a script shows by pilot.show: of a chunk one file, in which its pictures (PNG) and tables (JSON) stand one behind
 * the other, and in its result what each is and how long. The bounds are those of pilot_show.py.
 */

const MOST_SHOWN = 16;
export const MOST_SHOWN_BYTES = 8 * 1024 ** 2;
export const MOST_SIDE = 2_048;
const MOST_TILES = 16;
/** Rounds whose pictures are kept, of a long training. */
const MOST_ROUNDS = 64;

const Name = z.string().min(1).max(64);
const Size = z.int().min(1).max(MOST_SHOWN_BYTES);
const Side = z.int().min(1).max(MOST_SIDE);
const image = { name: Name, size: Size, width: Side, height: Side };

const Shown = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('image'), ...image }),
  /** Pictures of one size below each other, each with what is written under it. */
  z
    .object({
      kind: z.literal('images'),
      ...image,
      captions: z.array(z.string().max(64)).min(1).max(MOST_TILES),
    })
    .refine(({ height, captions }) => height % captions.length === 0, 'pictures of one size'),
  /** `shade`: cells by their share of their row, as a confusion matrix has it. */
  z.object({ kind: z.literal('table'), name: Name, size: Size, shade: z.boolean() }),
]);
export type Shown = z.infer<typeof Shown>;

/** Of one chunk, in the order of its file. */
export const AllShown = z
  .array(Shown)
  .max(MOST_SHOWN)
  .refine((all) => sizeOf(all) <= MOST_SHOWN_BYTES, `at most ${MOST_SHOWN_BYTES} bytes`)
  .default([]);

export const sizeOf = (all: readonly Shown[]): number => all.reduce((sum, { size }) => sum + size, 0);

const Cell = z.union([z.string().max(200), z.number(), z.boolean(), z.null()]);
/** The JSON of a table. */
export const ShownTable = z.object({
  columns: z.array(z.string().max(200)).max(200),
  /** Names of the rows; null where they have none. */
  names: z.array(z.string().max(200)).max(1_000).nullable(),
  rows: z.array(z.array(Cell).max(200)).max(1_000),
});
export type ShownTable = z.infer<typeof ShownTable>;

/** Whether what a round shows stays once the next is merged: of each round, or each n-th of many, and of the last. */
export const keepsShown = ({ rounds }: Pick<TrainingSettings, 'rounds'>, round: number): boolean =>
  round === rounds || round % Math.ceil(rounds / MOST_ROUNDS) === 0;

/** GET /api/v1/jobs/:id/shown?round=: what a round shows, of the newest that shows anything where none is named. */
export const ShownList = z.object({
  /** Of all rounds that show something and of which it is kept, in their order. */
  rounds: z.array(z.int()),
  round: z.int().nullable(),
  /** By shard, from 1; null is the merged model. `place` is that in its file. */
  shown: z.array(z.object({ shard: z.int().nullable(), place: z.int(), what: Shown })),
});
export type ShownList = z.infer<typeof ShownList>;
export const ShownQuery = z.object({ round: z.coerce.number().int().min(1).max(10_000).optional() });
