import { type DoneRun, PRINTED, partsOf } from '../done-runs.ts';
import type { DataReader } from './data-reader.ts';

/** A table or text of one run that is put together with those of others. */
const MOST_BYTES = 32 * 1024 ** 2;

/** What is wrong with what a run left, as a sentence. */
export class Ungathered extends Error {}

/** The first file of a run that ends so, by name; what it printed, where it left none. */
export async function bytesOfRun(
  read: DataReader,
  run: DoneRun,
  endings: readonly string[],
): Promise<Buffer> {
  const left = partsOf(run).filter(({ path }) => path !== PRINTED.err);
  const own = left.filter(({ path }) => path !== PRINTED.out);
  const named = own.find(
    ({ path }) => endings.length === 0 || endings.some((end) => path.toLowerCase().endsWith(end)),
  );
  const part = named ?? left.find(({ path }) => path === PRINTED.out);
  if (part === undefined || part.size === 0) return Buffer.alloc(0);
  const { size, path } = part;
  if (size > MOST_BYTES)
    throw new Ungathered(
      `Run ${run.run + 1}: ${path} has more than 32 MB, which is too much to be put together.`,
    );
  return read(part);
}
