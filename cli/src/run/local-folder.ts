import { mkdtemp, rmdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SentenceError } from '../sentence-error.ts';

/**
 * Looks whether results can be saved below `path`, before hours are spent on
 * making them: throws a sentence where not. Makes nothing that stays.
 */
export async function checkOutFolder(path: string): Promise<void> {
  const folder = await nearest(resolve(path));
  try {
    await rmdir(await mkdtemp(join(folder, '.pilot-')));
  } catch (error) {
    const why = cannotWrite(error) ?? `the system says ${codeOf(error)}`;
    throw new SentenceError(`Nothing can be saved in ${path}: ${why}. Choose another folder with --out.`, {
      cause: error,
    });
  }
}

/** Why nothing can be written at a place, for the end of a sentence; null where the error is not about that. */
export function cannotWrite(error: unknown): string | null {
  return REASONS[codeOf(error)] ?? null;
}

const REASONS: Record<string, string> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the disk is read-only',
  EISDIR: 'a folder of that name is in the way',
  EEXIST: 'a file stands where a folder is needed',
  ENOTDIR: 'a file stands where a folder is needed',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'no folder can be made there',
};

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

/** The folder itself, or the one above it that is there. */
async function nearest(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    const found = await stat(at).catch((error: NodeJS.ErrnoException) => error.code);
    if ((found !== 'ENOENT' && found !== 'ENOTDIR') || at === dirname(at)) return at;
  }
}
