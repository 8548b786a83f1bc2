import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  OpenShare,
  Roster,
  type RoundPlace,
  SealedShares,
} from '@parallel-pilot/shared/kinds/training/secure/messages.ts';
import { z } from 'zod';
import { readIfThere, writeOnce } from './once-file.ts';
import type { Secrets } from './participant.ts';

/*
 * What a worker has of a round, in a folder of its own that outlives it: <series>/<round>/<its open key>. Each thing is
 * written once, before anything of it is told. So who asks a second time, after a lost lease or a kill, is told the same,
 * and who asks for another thing nothing.
 */

const Sharers = z.array(z.int());
const PARTS = {
  secrets: z.object({ cipher: z.string(), mask: z.string(), seed: z.string() }),
  shares: z.object({ roster: Roster, sealed: z.array(SealedShares) }),
  masked: z.object({ sharers: Sharers, received: z.array(SealedShares) }),
  answer: z.object({ survivors: Sharers, shares: z.array(OpenShare) }),
} satisfies Record<string, z.ZodType>;
type PartName = keyof typeof PARTS;
type Part<Name extends PartName> = z.infer<(typeof PARTS)[Name]>;

export type RoundRecord = {
  /** File of the update, as whole numbers that are not masked. */
  readonly vector: string;
  read<Name extends PartName>(name: Name): Promise<Part<Name> | null>;
  /** What stands from now on: this, or what did before. */
  once<Name extends PartName>(name: Name, part: Part<Name>): Promise<Part<Name>>;
  /** The secrets are of no use any more. What it answered stays, so that it answers nothing else. */
  letGo(): Promise<void>;
};

const folderOf = (root: string, { series, round }: RoundPlace) => join(root, series, String(round));

/** The record of a round by the worker's own open key in it. */
export function roundRecord(root: string, place: RoundPlace, cipher: string): RoundRecord {
  const folder = join(folderOf(root, place), cipher);
  const path = (name: string) => join(folder, name);
  const parsed = <Name extends PartName>(name: Name, bytes: Buffer) =>
    PARTS[name].parse(JSON.parse(bytes.toString())) as Part<Name>;
  return {
    vector: path('vector'),
    async read(name) {
      const bytes = await readIfThere(path(name));
      return bytes === null ? null : parsed(name, bytes);
    },
    once: async (name, part) => parsed(name, await writeOnce(path(name), JSON.stringify(part))),
    async letGo() {
      for (const name of ['secrets', 'vector', 'shares', 'masked']) await rm(path(name), { force: true });
    },
  };
}

/** The one record of a round that takes part: a shard that was trained twice has two. False for the other. */
export async function chooseRecord(root: string, place: RoundPlace, cipher: string): Promise<boolean> {
  const chosen = await writeOnce(join(folderOf(root, place), 'chosen'), cipher);
  if (chosen.toString() !== cipher) return false;
  // Of the others nothing will be asked: they tell what this one does.
  for (const name of await readdir(folderOf(root, place)))
    if (name !== cipher && name !== 'chosen')
      await rm(join(folderOf(root, place), name), { recursive: true, force: true });
  return true;
}

/** One more of the round, for these secrets; `write` makes its vector. It counts once its secrets are there, which come last. */
export async function beginRecord(
  root: string,
  place: RoundPlace,
  { secrets, cipher }: { secrets: Secrets; cipher: string },
  write: (vector: string) => Promise<void>,
): Promise<void> {
  await mkdir(join(folderOf(root, place), cipher), { recursive: true, mode: 0o700 });
  const record = roundRecord(root, place, cipher);
  await write(record.vector);
  await record.once('secrets', secrets);
}

const OLD_MS = 7 * 86_400_000;

/** Removes what is left of the series' earlier rounds, and series of which nothing was heard for a week. */
export async function removeOld(root: string, { series, round }: RoundPlace, now: number): Promise<void> {
  const within = async (folder: string) => readdir(folder).catch(() => []);
  for (const name of await within(join(root, series)))
    if (Number(name) < round) await rm(join(root, series, name), { recursive: true, force: true });
  await removeForgotten(root, now, series);
}

/** Removes series of which nothing was heard for a week, but for one. */
export async function removeForgotten(root: string, now: number, but?: string): Promise<void> {
  const names = await readdir(root).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  for (const name of names) {
    const path = join(root, name);
    const seen = await stat(path).catch(() => null);
    if (name !== but && seen?.isDirectory() && now - seen.mtimeMs > OLD_MS)
      await rm(path, { recursive: true, force: true });
  }
}
