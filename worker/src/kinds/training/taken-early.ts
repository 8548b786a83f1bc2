import { join } from 'node:path';
import type { Workspace } from '@parallel-pilot/sandbox/sandbox.ts';
import type { OutputFile } from '../kind.ts';
import type { Made } from './task.ts';

/** Results are taken while the script that made them goes on, and could change them: what is taken is a copy. */
export type TakenEarly = {
  begin(): void;
  /** Those that were taken, by their names; what could not be is looked for when the script has ended. */
  taken(): Promise<ReadonlyMap<string, OutputFile>>;
};

export function takingEarly(
  makes: readonly Made[],
  { workspace, outputs, most }: { workspace: Workspace; outputs: string; most: number },
  tell: (file: OutputFile) => void,
): TakenEarly {
  const files = new Map<string, OutputFile>();
  let taking = Promise.resolve();
  const take = async (): Promise<void> => {
    for (const { name, file, mediaType, again = false } of makes.filter(({ early }) => early)) {
      const path = join(outputs, file);
      const taken = await workspace.load(file, path, most);
      if (!taken.ok) continue;
      const one = { name, path, mediaType, again, ...(taken.held && { bytes: taken.held }) };
      files.set(name, one);
      tell(one);
    }
  };
  return {
    begin() {
      // On a full disk, for instance: the same comes up again at the end, and is told there.
      taking = take().catch(() => {});
    },
    async taken() {
      await taking;
      return files;
    },
  };
}
