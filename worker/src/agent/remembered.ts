import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import { z } from 'zod';
import type { Remembered } from '../kinds/kind.ts';

const Note = z.object({ fingerprint: z.string(), capabilities: Capabilities });

/** What a kind found out at an earlier start, in a file of the worker's own folder. A file that is not right counts as none. */
export function rememberIn(folder: string, kind: string): Remembered {
  const path = join(folder, `${kind}.json`);
  return {
    async recall(fingerprint) {
      const text = await readFile(path, 'utf8').catch(() => '');
      try {
        const note = Note.parse(JSON.parse(text));
        return note.fingerprint === fingerprint ? note.capabilities : null;
      } catch {
        return null;
      }
    },
    async keep(fingerprint, capabilities) {
      const draft = `${path}.draft`;
      await writeFile(draft, JSON.stringify({ fingerprint, capabilities }), { mode: 0o600 });
      await rename(draft, path);
    },
  };
}
