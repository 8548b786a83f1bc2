import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Health } from '@parallel-pilot/shared/api/farm.ts';
import { z } from 'zod';

/** `<data>/farm.json`, there while an embedded farm is up: how other commands on this machine find it. */
export const Presence = z.object({
  url: z.url(),
  pid: z.int().positive(),
  /** Processes of the farm, so that the next one can wait for those that a killed `pilot` left behind. */
  children: z.array(z.int()).default([]),
});
export type Presence = z.infer<typeof Presence>;

const pathOf = (dataFolder: string) => join(dataFolder, 'farm.json');

export async function writePresence(dataFolder: string, presence: Presence): Promise<void> {
  const draft = `${pathOf(dataFolder)}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(presence)}\n`, { mode: 0o600 });
  await rename(draft, pathOf(dataFolder));
}

export const removePresence = (dataFolder: string): Promise<void> => rm(pathOf(dataFolder), { force: true });

/** Keeps the file in step with a farm: one write after the other, and none after the removal. */
export function keepPresence(dataFolder: string, describe: () => Presence) {
  let last: Promise<void> = Promise.resolve();
  let removed = false;
  return {
    update(): Promise<void> {
      last = last.catch(() => {}).then(() => (removed ? undefined : writePresence(dataFolder, describe())));
      return last;
    },
    async remove(): Promise<void> {
      removed = true;
      await last.catch(() => {});
      await removePresence(dataFolder);
    },
  };
}

/** What the file says, whether or not it still holds; null when there is none that can be read. */
export async function readPresence(dataFolder: string): Promise<Presence | null> {
  const text = await readFile(pathOf(dataFolder), 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    return Presence.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** The farm that is up over this data folder, null when there is none. A file left by a killed one is ignored. */
export async function findFarm(dataFolder: string): Promise<Presence | null> {
  const presence = await readPresence(dataFolder);
  if (presence === null || !isAlive(presence.pid)) return null;
  // Its backend may just be on its way back from a crash.
  for (let attempt = 0; attempt < 10; attempt += 1) {
    if (await isHealthy(presence.url)) return presence;
    if (!isAlive(presence.pid)) return null;
    await pause(500);
  }
  return null;
}

/** Waits up to `withinMs` for what a killed `pilot` left running: it stops by itself, and holds ports until then. */
export async function waitForLeftovers(dataFolder: string, withinMs: number): Promise<void> {
  const left = (await readPresence(dataFolder))?.children ?? [];
  const deadline = performance.now() + withinMs;
  while (left.some(isAlive) && performance.now() < deadline) await pause(50);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    const reply = await fetch(new URL('/healthz', url), { signal: AbortSignal.timeout(2_000) });
    return reply.ok && Health.safeParse(await reply.json()).success;
  } catch {
    return false;
  }
}
