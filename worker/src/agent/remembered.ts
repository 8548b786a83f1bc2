import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import { parseText } from '@parallel-pilot/shared/protocol/parse.ts';
import { z } from 'zod';
import type { Remembered } from '../kinds/kind.ts';

export type Memory = Remembered & {
  /** Another one for each time that it was kept; null where nothing is. */
  noteOf(fingerprint: string): Promise<string | null>;
  forget(fingerprint: string): Promise<void>;
};

const Note = z.object({ id: z.string(), fingerprint: z.string(), capabilities: Capabilities });

/**
 * What a kind found out at an earlier start of any worker of this machine, in a file of their common folder. A file
 * that is not right counts as none.
 */
export function rememberIn(folder: string, kind: string): Memory {
  const pathOf = (fingerprint: string): string =>
    join(folder, `${kind}-${createHash('sha256').update(fingerprint).digest('hex').slice(0, 24)}.json`);
  const noteFor = async (fingerprint: string): Promise<z.infer<typeof Note> | null> => {
    const text = await readFile(pathOf(fingerprint), 'utf8').catch(() => '');
    const note = parseText(Note, text);
    return note.ok && note.message.fingerprint === fingerprint ? note.message : null;
  };
  return {
    recall: async (fingerprint) => (await noteFor(fingerprint))?.capabilities ?? null,
    noteOf: async (fingerprint) => (await noteFor(fingerprint))?.id ?? null,
    async keep(fingerprint, capabilities) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const [path, id] = [pathOf(fingerprint), randomBytes(8).toString('hex')];
      const draft = `${path}.${id}`;
      await writeFile(draft, JSON.stringify({ id, fingerprint, capabilities }), { mode: 0o600 });
      await rename(draft, path);
    },
    forget: (fingerprint) => rm(pathOf(fingerprint), { force: true }),
  };
}
