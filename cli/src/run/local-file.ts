import { open } from 'node:fs/promises';
import { basename, extname, resolve } from 'node:path';
import { namedResult } from './named-result.ts';

export type LocalFile =
  /** `name` is its own without folders and extension. */
  { ok: true; path: string; name: string; isFolder: boolean } | { ok: false; message: string };

/**
 * Looks whether a file can be sent at all, before anything is started for it; a result of another job can, as it is not.
 * `insteadOfFolder` says what to give instead of a folder; null where a folder will do.
 */
export async function checkLocalFile(path: string, insteadOfFolder: string | null): Promise<LocalFile> {
  if (namedResult(path) !== null)
    return { ok: true, path, name: basename(path, extname(path)), isFolder: false };
  const file = await open(path).catch((error: NodeJS.ErrnoException) => error.code ?? 'unknown');
  if (typeof file === 'string') return { ok: false, message: sentence(path, file) };
  try {
    const found = await file.stat();
    if (found.isDirectory()) {
      if (insteadOfFolder === null) return { ok: true, path, name: basename(resolve(path)), isFolder: true };
      return { ok: false, message: `${path} is a folder. ${insteadOfFolder}` };
    }
    if (found.size === 0) return { ok: false, message: `${path} is empty.` };
    return { ok: true, path, name: basename(path, extname(path)), isFolder: false };
  } finally {
    await file.close();
  }
}

function sentence(path: string, code: string): string {
  if (code === 'ENOENT') return `There is no file ${path}.`;
  if (code === 'EACCES') return `This user may not read ${path}.`;
  return `${path} cannot be read (${code}).`;
}
