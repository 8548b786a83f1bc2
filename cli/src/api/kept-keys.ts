import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { SentenceError } from '../sentence-error.ts';

/** What `pilot login` keeps of one farm. */
export const KeptKey = z.object({
  key: z.string().min(1),
  person: z.string(),
  team: z.string(),
});
export type KeptKey = z.infer<typeof KeptKey>;

/** By the address of the farm. */
const Farms = z.object({ farms: z.record(z.string(), KeptKey) });

const pathOf = (folder: string): string => join(folder, 'farms.json');

/** The keys of all farms that this user signed in to: a file of mode 0600. */
export async function readKeys(folder: string): Promise<Map<string, KeptKey>> {
  const path = pathOf(folder);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw new SentenceError(`${path} cannot be read: ${error.message}.`, { cause: error });
  });
  if (text === null) return new Map();
  const parsed = Farms.safeParse(parseJson(text));
  if (parsed.success) return new Map(Object.entries(parsed.data.farms));
  throw new SentenceError(
    `${path} holds something else than keys of farms. Delete it, and sign in again with "pilot login".`,
  );
}

export const keyOf = async (folder: string, url: string): Promise<string | null> =>
  (await readKeys(folder)).get(url)?.key ?? null;

/** Keeps a key, or forgets it where there is `null`. The file appears whole or not at all. */
export async function keepKey(folder: string, url: string, kept: KeptKey | null): Promise<void> {
  const farms = await readKeys(folder);
  if (kept === null) farms.delete(url);
  else farms.set(url, kept);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = `${pathOf(folder)}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify({ farms: Object.fromEntries(farms) }, null, 2)}\n`, {
    mode: 0o600,
  });
  // A draft that a killed one left keeps its mode.
  await chmod(draft, 0o600);
  await rename(draft, pathOf(folder));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
