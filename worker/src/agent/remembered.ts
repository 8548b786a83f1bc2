import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import { z } from 'zod';
import type { Remembered } from '../kinds/kind.ts';

const Note = z.object({ fingerprint: z.string(), capabilities: Capabilities });

/**
 * What a kind found out at an earlier start of any worker of this machine, in a file of their common folder. A file
 * that is not right counts as none.
 */
export function rememberIn(folder: string, kind: string): Remembered {
  const pathOf = (fingerprint: string): string =>
    join(folder, `${kind}-${createHash('sha256').update(fingerprint).digest('hex').slice(0, 24)}.json`);
  return {
    async recall(fingerprint) {
      const text = await readFile(pathOf(fingerprint), 'utf8').catch(() => '');
      try {
        const note = Note.parse(JSON.parse(text));
        return note.fingerprint === fingerprint ? note.capabilities : null;
      } catch {
        return null;
      }
    },
    async keep(fingerprint, capabilities) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const path = pathOf(fingerprint);
      const draft = `${path}.${randomBytes(4).toString('hex')}`;
      await writeFile(draft, JSON.stringify({ fingerprint, capabilities }), { mode: 0o600 });
      await rename(draft, path);
    },
  };
}
