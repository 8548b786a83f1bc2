import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Farm, Part } from '../../support/farm.ts';

/**
 * `copies`: the most files at once that are one and the same model, in the store and with all workers; `bytes`: the most
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
      const models = Map.groupBy(distinct.values(), ({ sample }) => sample);
      seen.copies = Math.max(seen.copies, ...[...models.values()].map(({ length }) => length));
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

/** `sample`: of its middle, by which one model is told from another. */
type Large = { path: string; inode: number; bytes: number; sample: string };

const SAMPLE_BYTES = 4_096;

async function sampleOf(path: string): Promise<string> {
  const file = await open(path, 'r').catch(() => null);
  if (file === null) return '';
  try {
    const { size } = await file.stat();
    const { buffer } = await file.read(Buffer.alloc(SAMPLE_BYTES), 0, SAMPLE_BYTES, Math.floor(size / 2));
    return buffer.toString('base64');
  } finally {
    await file.close();
  }
}

async function largeFiles(folder: string, least: number): Promise<Large[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const path = join(entry.parentPath, entry.name);
        const found = await stat(path).catch(() => null);
        return found === null || found.size < least
          ? []
          : [{ path, inode: found.ino, bytes: found.size, sample: await sampleOf(path) }];
      }),
  );
  return files.flat();
}

async function peakOf(part: Part): Promise<number> {
  const status = await readFile(`/proc/${part.pid()}/status`, 'utf8').catch(() => '');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
}
