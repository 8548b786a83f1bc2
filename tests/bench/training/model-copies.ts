import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Farm, Part } from '../../support/farm.ts';

/**
 * `copies`: the most files at once that may be one and the same model, in the store and with one worker; `bytes`: the most
 * that models took in all. Hard links are one file. `peaks` of resident memory, by process.
 */
export type Disks = { copies: number; bytes: number; peaks: Record<string, number> };

/** Looks at the farm's folder until it is stopped. */
export function watchDisks(farm: Farm, modelBytes: number): { stop(): Promise<Disks> } {
  const seen: Disks = { copies: 0, bytes: 0, peaks: {} };
  let stopped = false;
  const look = async () => {
    while (!stopped) {
      const files = await largeFiles(farm.folder, modelBytes * 0.9);
      const distinct = new Map(files.map((file) => [file.inode, file]));
      const sizes = [...distinct.values()].map(({ bytes }) => bytes);
      seen.bytes = Math.max(
        seen.bytes,
        sizes.reduce((sum, size) => sum + size, 0),
      );
      const places = Map.groupBy(
        distinct.values(),
        ({ path }) => path.split('/workers/')[1]?.split('/')[0] ?? '',
      );
      const workers = [...places].filter(([name]) => name !== '').map(([, of]) => of.length);
      seen.copies = Math.max(seen.copies, ...workers);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const looking = look();
  return {
    async stop() {
      stopped = true;
      await looking;
      for (const part of [farm.backend, farm.balancer, ...farm.workers])
        seen.peaks[part.name] = await peakOf(part);
      return seen;
    },
  };
}

type Large = { path: string; inode: number; bytes: number };

async function largeFiles(folder: string, least: number): Promise<Large[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const path = join(entry.parentPath, entry.name);
        const found = await stat(path).catch(() => null);
        return found === null || found.size < least ? [] : [{ path, inode: found.ino, bytes: found.size }];
      }),
  );
  return files.flat();
}

async function peakOf(part: Part): Promise<number> {
  const status = await readFile(`/proc/${part.pid()}/status`, 'utf8').catch(() => '');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
}
