import type { Confinement, Limits } from '../sandbox.ts';
import { folderUsage } from './folder-usage.ts';
import { treeUsage } from './process-tree.ts';

/** Which limit was passed, and a sentence about it. */
export type Excess = { limit: 'memory' | 'processes' | 'disk' | 'time'; message: string };

/**
 * Rules that the kernel does not enforce for a child without control groups of
 * its own are looked after from here, twice a second: memory and disk space of
 * all its processes together. In between a child can take what one process may
 * (see the limits of bubblewrap's line) times its number of processes, so this
 * protects from scripts that go wrong, and bounds in time those that mean harm.
 */
export function watchLimits(
  pid: number,
  { limits, workspace }: Confinement,
  onExcess: (excess: Excess) => void,
): () => void {
  const { work, tmp, shm } = workspace.folders;
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  const report = (excess: Excess | null): void => {
    if (ended || excess === null) return;
    end();
    onExcess(excess);
  };
  const look = async (): Promise<void> => {
    const [tree, disk] = await Promise.all([
      treeUsage(pid),
      folderUsage([work, tmp, shm], { bytes: limits.diskBytes, files: limits.files }),
    ]);
    report(excessOf({ ...tree, diskBytes: disk.bytes + tree.unnamedBytes, files: disk.files }, limits));
    again();
  };
  const again = (): void => {
    if (!ended) timer = setTimeout(() => void look(), LOOK_EVERY_MS).unref();
  };
  const { wallMs } = limits;
  const wall = wallMs === undefined ? undefined : setTimeout(() => report(tooLong(wallMs)), wallMs).unref();
  const end = (): void => {
    ended = true;
    clearTimeout(timer);
    clearTimeout(wall);
  };
  again();
  return end;
}

const LOOK_EVERY_MS = 500;

export type Used = { memoryBytes: number; processes: number; diskBytes: number; files: number };

export function excessOf(used: Used, limits: Limits): Excess | null {
  if (used.memoryBytes > limits.memoryBytes) {
    return { limit: 'memory', message: `It used more than ${size(limits.memoryBytes)} of memory.` };
  }
  if (used.diskBytes > limits.diskBytes) {
    return { limit: 'disk', message: `It wrote more than ${size(limits.diskBytes)} to the disk.` };
  }
  if (used.files > limits.files) {
    return { limit: 'disk', message: `It made more than ${limits.files} files.` };
  }
  if (used.processes > limits.processes) {
    return { limit: 'processes', message: `It started more than ${limits.processes} processes.` };
  }
  return null;
}

const tooLong = (wallMs: number): Excess => ({
  limit: 'time',
  message: `It ran longer than ${Math.round(wallMs / 1_000)} seconds.`,
});

const size = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`;
