import { isLeftOut } from '@parallel-pilot/shared/kinds/command/left-out.ts';
import { submission } from '../../app/submission.ts';
import { pathOf } from '../../kinds/file-paths.ts';
import { gatherFiles } from '../../kinds/gather-files.ts';
import { DROPPED_KINDS } from '../../kinds/registry.ts';
import { creationOptions } from './creation-options.ts';

/** Starts bringing in files that were dropped or chosen, with those there already. Returns why not, as a sentence, or null. */
export async function giveFiles(fresh: readonly File[]): Promise<string | null> {
  const held = submission.files().map(({ file }) => file);
  const wanted = fresh.filter((file) => !isLeftOutOfFolder(pathOf(file)));
  return start(DROPPED_KINDS, held, wanted, await scriptOf([...held, ...wanted]));
}

/** Makes a job of another kind of the files that are there. */
export function giveTo(kind: string): void {
  const files = submission.files().map(({ file }) => file);
  start(
    DROPPED_KINDS.filter(({ name }) => name === kind),
    [],
    files,
    null,
  );
}

function start(
  kinds: typeof DROPPED_KINDS,
  held: readonly File[],
  fresh: readonly File[],
  script: string | null,
): string | null {
  const gathered = gatherFiles(kinds, held, fresh, script);
  if (!gathered.ok) return gathered.message;
  const { kind, files } = gathered;
  const { describe } = kind;
  submission.start(
    kind.name,
    files,
    describe && ((sources, main) => [describe(sources, creationOptions.get(), main)]),
  );
  return null;
}

/** What lies in a folder beside scripts and is none of their files. */
const isLeftOutOfFolder = (path: string): boolean => path.includes('/') && path.split('/').some(isLeftOut);

/** No script is larger; what is, is data. */
const MOST_SCRIPT_BYTES = 1024 ** 2;
const MOST_SCRIPTS = 20;

/** The text of the scripts, of which a kind may know its own; null without one. */
async function scriptOf(files: readonly File[]): Promise<string | null> {
  const scripts = files.filter(({ name, size }) => /\.py$/i.test(name) && size <= MOST_SCRIPT_BYTES);
  if (scripts.length === 0) return null;
  // One that cannot be read any more is told of when it is sent.
  const texts = await Promise.all(scripts.slice(0, MOST_SCRIPTS).map((file) => file.text().catch(() => '')));
  return texts.join('\n');
}
