import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { START_FORMATS, type Start } from '@parallel-pilot/shared/kinds/training/start.ts';
import { readStartJob } from '@parallel-pilot/shared/kinds/training/start-words.ts';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import type { Api } from '../../api/client.ts';
import { findJob } from '../../api/find-job.ts';
import { SentenceError } from '../../sentence-error.ts';

/** What a training is to start from, as it was typed: a file of this machine, or a training of the farm. */
export type StartGiven = { fitting: boolean } & (
  | { path: string }
  | { job: string; round: 'best' | 'last' | number }
);

/** Reads `--from`: what lies on the disk is a file, all else is to be the id of a training, with `@round` or without. */
export function readStart(typed: string | undefined, fitting: boolean): StartGiven | null {
  if (typed === undefined) {
    if (fitting) throw new SentenceError('--fitting says how to take weights: give them with --from.');
    return null;
  }
  const named = START_FORMATS.some((format) => typed.toLowerCase().endsWith(`.${format}`));
  if (named || existsSync(typed)) {
    if (!existsSync(typed)) throw new SentenceError(`--from ${typed}: there is no such file.`);
    if (!named)
      throw new SentenceError(
        `--from ${typed}: give weights as .npz, .safetensors, or a .pt with a state dict.`,
      );
    return { path: typed, fitting };
  }
  const job = readStartJob(typed);
  if (job === null) {
    throw new SentenceError(
      `--from ${typed}: give a file of weights (.npz, .safetensors, .pt), or a training such as job_…, job_…@last or job_…@12.`,
    );
  }
  return { ...job, fitting };
}

/** The same for the farm. The file is the last of those that were brought in. */
export async function startOf(given: StartGiven, blobs: readonly BlobHash[], api: Api): Promise<Start> {
  const { fitting } = given;
  if ('job' in given) return { job: await findJob(api, given.job), round: given.round, fitting };
  const blob = blobs.at(-1);
  if (blob === undefined) throw new Error('weights to start from without their file');
  return { blob, fileName: basename(given.path), fitting };
}
