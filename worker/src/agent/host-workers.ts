import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startOf } from '@parallel-pilot/sandbox/limits/process-life.ts';
import type { Claim } from '@parallel-pilot/sandbox/limits/share.ts';
import { z } from 'zod';
import type { Log } from '../log.ts';

const ClaimFile = z.object({
  slots: z.int().min(1).max(256),
  memoryBytes: z.number().positive().nullable(),
}) satisfies z.ZodType<Claim>;

/** The other workers of this machine. */
export type HostWorkers = {
  /** As of the last two seconds. */
  others(): readonly Claim[];
  leave(): Promise<void>;
};

const LOOK_MS = 2_000;

/**
 * Tells the other workers of this machine, through a folder that all of them
 * look into, what this one lays claim to. A file counts as long as the process
 * lives that its name says. Where the folder cannot be had, the worker takes
 * itself for the only one, and says so.
 */
export async function joinHost(folder: string, own: Claim, log: Log): Promise<HostWorkers> {
  const name = `${process.pid}.${startOf(process.pid) ?? 0}.${randomBytes(4).toString('hex')}`;
  const path = join(folder, name);
  let others: readonly Claim[] = [];
  const refresh = async (): Promise<void> => {
    others = await claimsIn(folder, name);
  };
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(`${path}.new`, JSON.stringify(own), { mode: 0o600 });
    await rename(`${path}.new`, path);
    await refresh();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.warn(
      { event: 'host.unknown', folder },
      `Whether other workers run on this machine cannot be seen (${reason}). If some do, give each its memory with --memory-gb.`,
    );
    return { others: () => [], leave: async () => {} };
  }
  const timer = setInterval(() => void refresh().catch(() => {}), LOOK_MS).unref();
  return {
    others: () => others,
    async leave() {
      clearInterval(timer);
      await rm(path, { force: true });
    },
  };
}

/** Those of living processes; the files of dead ones are removed. */
async function claimsIn(folder: string, own: string): Promise<Claim[]> {
  const claims = (await readdir(folder)).map(async (name): Promise<Claim[]> => {
    const [, pid, start] = /^(\d+)\.(\d+)\.[0-9a-f]{8}$/.exec(name) ?? [];
    if (pid === undefined || name === own) return [];
    if (!lives(Number(pid), start ?? '')) {
      await rm(join(folder, name), { force: true });
      return [];
    }
    const text = await readFile(join(folder, name), 'utf8').catch(() => '');
    const claim = ClaimFile.safeParse(parse(text));
    return claim.success ? [claim.data] : [];
  });
  return (await Promise.all(claims)).flat();
}

function lives(pid: number, start: string): boolean {
  // Elsewhere than on Linux a process has no start that could be read.
  if (start !== '0') return startOf(pid) === start;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
