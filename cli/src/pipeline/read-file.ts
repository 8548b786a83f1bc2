import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SentenceError } from '../sentence-error.ts';

/** The text of a pipeline's file. */
export const textOf = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new SentenceError(WHY[error.code ?? '']?.(file) ?? `${file} cannot be read (${error.code}).`, {
      cause: error,
    });
  });

const WHY: Record<string, (file: string) => string> = {
  ENOENT: (file) => `There is no file ${file}.`,
  EISDIR: (file) => `${file} is a folder. Name the file in it, such as ${join(file, 'template.yaml')}.`,
};
