import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { ResultOf } from '@parallel-pilot/shared/model/result-of.ts';
import { hashFile } from '../api/upload.ts';

/** A result of another job, given where a file would be: "job_4k2m…/table.csv", with its whole id. Null for anything else. */
export function namedResult(path: string): ResultOf | null {
  const [, job, result] = /^(job_[0-9a-z]{20,40})\/(.+)$/.exec(path) ?? [];
  return ResultOf.safeParse({ job, result }).data ?? null;
}

/** What stands for a file in a request: its hash, or the result that it is, which the farm has already. */
export const sentAs = async (path: string): Promise<BlobHash> =>
  (namedResult(path) as unknown as BlobHash | null) ?? (await hashFile(path));
