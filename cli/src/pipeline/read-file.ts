import { readFile } from 'node:fs/promises';
import { SentenceError } from '../sentence-error.ts';

/** The text of a pipeline's file. */
export const textOf = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const why =
      error.code === 'ENOENT' ? `There is no file ${file}.` : `${file} cannot be read (${error.code}).`;
    throw new SentenceError(why, { cause: error });
  });
