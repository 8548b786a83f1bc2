import { z } from 'zod';

/**
 * A path inside a job's own folder: forward slashes, no empty, `.` or `..`
 * part, no drive, no backslash, no control character, 64 levels at most. Both the server that
 * accepts an archive and the worker that lays files out parse names with it.
 */
export const RelativePath = z
  .string()
  .min(1)
  .max(1_024)
  .refine(isSafeRelativePath, 'expected a relative path that stays inside its folder')
  .brand<'RelativePath'>();
export type RelativePath = z.infer<typeof RelativePath>;

/** Folders one in the other, and the file. */
const MOST_LEVELS = 64;

export function isSafeRelativePath(path: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[\u0000-\u001f\u007f\\]/.test(path) || /^[a-z]:/i.test(path)) return false;
  const parts = path.split('/');
  return parts.length <= MOST_LEVELS && parts.every((part) => part !== '' && part !== '.' && part !== '..');
}
