import { z } from 'zod';
import { BlobHash, JobId } from './ids.ts';
import { RelativePath } from './path.ts';
import { strictObject } from './strict-object.ts';

/**
 * A file that another job comes to, by the name under which it can be downloaded: `table.csv`, `results.zip`, or a path
 * in such a zip. Whoever names it waits for that job to be completed.
 */
export const ResultOf = strictObject({ job: JobId, result: RelativePath });
export type ResultOf = z.infer<typeof ResultOf>;

/**
 * Bytes in a submission: by their hash, or as a result of another job. What is prepared has hashes alone, as results are
 * put in their place before (`withResults`); until then the value is a ResultOf, whatever its type says.
 */
export const SentBlob = z.union([BlobHash, ResultOf]) as unknown as z.ZodType<BlobHash, string>;

/** The results of other jobs that a submission names, each once. */
export function resultsIn(submission: unknown): ResultOf[] {
  const found = new Map<string, ResultOf>();
  withResults(submission, (result) => {
    found.set(keyOf(result), result);
    return result;
  });
  return [...found.values()];
}

/** The submission with something else in the place of each result that it names. */
export function withResults(submission: unknown, replace: (result: ResultOf) => unknown): unknown {
  if (typeof submission !== 'object' || submission === null) return submission;
  const result = ResultOf.safeParse(submission);
  if (result.success) return replace(result.data);
  if (Array.isArray(submission)) return submission.map((one) => withResults(one, replace));
  return Object.fromEntries(
    Object.entries(submission).map(([key, value]) => [key, withResults(value, replace)]),
  );
}

export const keyOf = ({ job, result }: ResultOf): string => `${job}/${result}`;
