import type { Dirent } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import { basename, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { SentenceError } from '../../sentence-error.ts';

/** A folder of code: its files, and where the script lies among them, both by paths in it. */
export type CodeFolder = { folder: string; files: string[]; entry: string };

/** As the farm takes them. */
const MOST_FILES = 2_000;
const MOST_BYTES = 32 * 1024 ** 2;

/**
 * The files of a folder of code, without those that are hidden or that Python made, and without `others`, which are sent
 * in another way or are results. Throws a sentence for a link, and for more than a script can need.
 */
export async function readCodeFolder(
  folder: string,
  script: string,
  others: readonly string[],
): Promise<CodeFolder> {
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder)
    throw new SentenceError(`There is no folder ${folder}. Give the one with the files of the script.`);
  const entry = inside(folder, script);
  if (entry === null) {
    throw new SentenceError(`${script} does not lie in ${folder}. Give the script by its path in there.`);
  }
  const left = new Set(others.map((path) => resolve(path)));
  const files: string[] = [];
  let bytes = 0;
  let largest = { path: '', size: 0 };
  const waiting = [''];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (const found of await readdir(join(folder, at), { withFileTypes: true })) {
      const path = join(at, found.name);
      if (isLeftOut(found) || left.has(resolve(folder, path))) continue;
      if (found.isDirectory()) waiting.push(path);
      else if (!found.isFile()) {
        throw new SentenceError(
          `${join(folder, path)} is a link or a device, and is not sent. Put the file itself there.`,
        );
      } else {
        const { size } = await lstat(join(folder, path));
        files.push(path);
        bytes += size;
        if (size > largest.size) largest = { path, size };
      }
      if (files.length > MOST_FILES) {
        throw new SentenceError(
          `${folder} holds more than ${MOST_FILES.toLocaleString('en')} files. Give the folder of the code alone.`,
        );
      }
    }
  }
  if (bytes > MOST_BYTES) {
    throw new SentenceError(
      `${folder} holds ${Math.ceil(bytes / 1024 ** 2)} MB, and ${MOST_BYTES / 1024 ** 2} MB of code are the most. The largest file is ${largest.path}.`,
    );
  }
  return { folder, files: files.sort(), entry: entry.split(sep).join('/') };
}

const isLeftOut = ({ name }: Dirent): boolean =>
  name.startsWith('.') || name === '__pycache__' || name === 'node_modules' || name.endsWith('.pyc');

/** The script's path in the folder; null where it lies outside. */
function inside(folder: string, script: string): string | null {
  const path = relative(resolve(folder), resolve(script));
  return path === '' || path.startsWith(`..${sep}`) || path === '..' || isAbsolute(path) ? null : path;
}

/** Where a script that is named by its path in the folder of code lies. */
export async function scriptIn(folder: string, script: string): Promise<string> {
  if (inside(folder, script) !== null || isAbsolute(script)) return script;
  const within = join(folder, script);
  const isThere = await stat(within).then(
    (found) => found.isFile(),
    () => false,
  );
  return isThere ? within : script;
}

export const archiveName = ({ folder }: CodeFolder): string => `${basename(resolve(folder))}.zip`;
