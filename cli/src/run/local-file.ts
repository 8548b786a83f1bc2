import { open } from 'node:fs/promises';
import { basename, extname } from 'node:path';

export type LocalFile = { ok: true; path: string; name: string } | { ok: false; message: string };

/** Looks whether a file can be sent at all, before anything is started for it. `wanted` says what to give instead of a folder. */
export async function lookAtFile(path: string, wanted: string): Promise<LocalFile> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => error.code ?? 'unknown');
  if (typeof file === 'string') return { ok: false, message: sentence(path, file) };
  try {
    const found = await file.stat();
    if (found.isDirectory()) {
      return { ok: false, message: `${path} is a folder. ${wanted}` };
    }
    if (found.size === 0) return { ok: false, message: `${path} is empty.` };
    return { ok: true, path, name: basename(path, extname(path)) };
  } finally {
    await file.close();
  }
}

function sentence(path: string, code: string): string {
  if (code === 'ENOENT') return `There is no file ${path}.`;
  if (code === 'EACCES') return `This user may not read ${path}.`;
  return `${path} cannot be read (${code}).`;
}
