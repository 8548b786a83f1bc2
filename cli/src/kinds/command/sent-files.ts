import { glob, readdir, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { isLeftOut } from '@parallel-pilot/shared/kinds/command/left-out.ts';
import { namedResult } from '../../run/named-result.ts';
import { SentenceError } from '../../sentence-error.ts';

/** A file that goes along; `path` as it is called from here, and there. */
export type SentFile = { path: string; executable: boolean };

const MOST_FILES = 1_000;
const MOST_BYTES = 4 * 1024 ** 3;

/**
 * The files that a command needs: those that its words name, and what `named` says, or else all in the folder of the
 * first file that it names; `last` are those of the command that puts results together. `out` is where results go. Throws a SentenceError about what cannot be sent.
 */
export async function filesFor(
  words: readonly string[],
  named: readonly string[] | null,
  out: string,
  last: readonly string[] = [],
): Promise<SentFile[]> {
  await checkProgram(words);
  if (last.length > 0) await checkProgram(last);
  const own = await filesIn(words);
  const inWords = [...own, ...(await filesIn(last)).filter((path) => !own.includes(path))];
  const script = inWords.find((path) => namedResult(path) === null);
  const asked = named ?? (script === undefined ? [] : [dirname(script)]);
  const found = new Map<string, { executable: boolean; size: number }>();
  for (const path of [...inWords, ...asked]) {
    // A result of another job lies there under the name that the command has for it.
    if (namedResult(path) !== null) {
      found.set(path, { executable: false, size: 0 });
      continue;
    }
    for await (const file of below(placeOf(path), resolve(out), named === null)) found.set(file.path, file);
    checkSize(found, named === null ? script : undefined);
  }
  return [...found]
    .map(([path, { executable }]) => ({ path, executable }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Files by a pattern such as "inputs/*.wav", in the order of their names. */
export async function filesLike(pattern: string): Promise<string[]> {
  const files: string[] = [];
  for await (const path of glob(pattern)) {
    if ((await stat(path)).isFile()) files.push(placeOf(path));
    if (files.length > 10_000)
      throw new SentenceError(
        `--each ${pattern}: these are more than 10,000 files. Do them in several jobs.`,
      );
  }
  if (files.length === 0)
    throw new SentenceError(
      `--each ${pattern}: there is no such file. Write the pattern in quotes, such as 'inputs/*.wav'.`,
    );
  return files.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

/** All files of a folder but what git keeps of it, by their paths in it; `out` is where results go. Throws a SentenceError. */
export async function filesOfFolder(folder: string, out: string | null): Promise<SentFile[]> {
  const found = new Map<string, { executable: boolean; size: number }>();
  for await (const { path, ...file } of below(folder, out === null ? null : resolve(out), false)) {
    const own = relative(folder, path).split(sep).join('/');
    if (own.split('/')[0] !== '.git') found.set(own, file);
    if (found.size > MOST_FILES)
      throw new SentenceError(
        `${folder} has more than ${MOST_FILES} files. Build in a folder with what the image needs.`,
      );
  }
  return [...found]
    .map(([path, { executable }]) => ({ path, executable }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A program by a path has to be there, and so has the script of an interpreter. */
async function checkProgram([program = '', script = '']: readonly string[]): Promise<void> {
  const isOwn = program.includes('/') && !program.startsWith('/');
  const isScript = INTERPRETERS.test(program) && script !== '' && !script.startsWith('-');
  for (const path of [...(isOwn ? [program] : []), ...(isScript ? [script] : [])])
    if (!path.includes('{') && namedResult(path) === null && !(await isThere(path)))
      throw new SentenceError(`There is no file ${path}.`);
}

const INTERPRETERS = /^(python3?(\.\d+)?|node|perl|ruby|Rscript|julia|php|lua|bash|sh|zsh)$/;

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function filesIn(words: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const word of words) {
    if (namedResult(word) !== null) {
      files.push(word);
      continue;
    }
    if (word.startsWith('-') || word.includes('{') || isOfSystem(word) || !(await isThere(word))) continue;
    files.push(placeOf(word));
  }
  return files;
}

/** What any machine has under that path, or none: it is not sent. */
const isOfSystem = (path: string): boolean => /^\/(usr|bin|sbin|lib|lib64|opt|etc|dev|proc|sys)\//.test(path);

/** The path from here, with forward slashes. What lies elsewhere would not be found there. */
function placeOf(path: string): string {
  const place = relative(process.cwd(), resolve(path)).split(sep).join('/');
  if (!path.startsWith('/') && place !== '..' && !place.startsWith('../')) return place;
  throw new SentenceError(
    `${path} would not be found on a worker: only what lies in this folder goes along. Call pilot from a folder that holds it, and name it from there.`,
  );
}

async function* below(
  path: string,
  out: string | null,
  plain: boolean,
): AsyncGenerator<{ path: string; executable: boolean; size: number }> {
  const at = path === '' ? '.' : path;
  const found = await stat(at).catch(() => null);
  if (found === null) throw new SentenceError(`There is no file ${path}.`);
  if (found.isFile()) {
    yield { path, executable: (found.mode & 0o111) !== 0, size: found.size };
    return;
  }
  if (!found.isDirectory() || resolve(at) === out) return;
  const names = (await readdir(at)).sort();
  for (const name of names) {
    if (plain && isLeftOut(name)) continue;
    const isLost = (await stat(join(at, name)).catch(() => null)) === null;
    if (!isLost) yield* below(path === '' ? name : `${path}/${name}`, out, plain);
  }
}

function checkSize(found: ReadonlyMap<string, { size: number }>, script: string | undefined): void {
  const bytes = [...found.values()].reduce((sum, { size }) => sum + size, 0);
  if (found.size <= MOST_FILES && bytes <= MOST_BYTES) return;
  const what = found.size > MOST_FILES ? `more than ${MOST_FILES} files` : 'more than 4 GB';
  const how =
    script === undefined
      ? 'Name fewer with --files, or put them into an archive that the command unpacks.'
      : `They are what lies in the folder of ${script}. Say with --files what the command needs of it.`;
  throw new SentenceError(`${what} would go along. ${how}`);
}
