import { submission } from '../../app/submission.ts';
import { gatherFiles } from '../../kinds/gather-files.ts';
import { DROPPED_KINDS } from '../../kinds/registry.ts';
import { creationOptions } from './creation-options.ts';

/** Starts bringing in files that were dropped or chosen, with those there already. Returns why not, as a sentence, or null. */
export function giveFiles(fresh: readonly File[]): string | null {
  const held = submission.files().map(({ file }) => file);
  const gathered = gatherFiles(DROPPED_KINDS, held, fresh);
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
