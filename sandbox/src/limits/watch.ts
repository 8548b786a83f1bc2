import type { Confinement, ControlGroup, Limits } from '../sandbox.ts';
import { folderUsage } from './folder-usage.ts';
import { heldBytes } from './memory.ts';
import { livingThread, programInside, treeOf } from './process-tree.ts';
import { createUnnamedFiles } from './unnamed-files.ts';

/** Which limit was passed, and a sentence about it. */
export type Excess = { limit: 'memory' | 'processes' | 'disk' | 'time'; message: string };

export type Watched = {
  pid: number;
  group: ControlGroup | null;
  confinement: Confinement;
  /** See `ChildOptions`. */
  closesItself: boolean;
};
/** `end` stops watching, and tells what the kernel ended the child for, if that is how it went. */
export type Watch = { end(): Excess | undefined };

/**
 * Looks after the limits of a child that the kernel does not keep by itself:
 * disk space twice a second, unless none of its processes ran since, and memory more often. In a control group memory
 * cannot be exceeded, and looking only finds out that it was wanted. Without
 * one the memory of all processes is summed up; in between a child can take
 * what one process may (see the limits of bubblewrap's line) times its number
 * of processes, so that protects from scripts that go wrong, and bounds in
 * time those that mean harm.
 */
export function watchLimits(watched: Watched, onExcess: (excess: Excess) => void): Watch {
  const { pid, group, confinement, closesItself } = watched;
  const { limits, workspace, sandbox } = confinement;
  const { wallMs } = limits;
  const { work, tmp, shm } = workspace.folders;
  let ended = false;
  let unnamedBytes = 0;
  const program = (): number | null => (sandbox.level === 'none' ? pid : programInside(pid));
  const unnamedFiles = createUnnamedFiles(closesItself ? (it) => it === program() : null);
  const timers: (() => void)[] = [];
  const report = (excess: Excess | null): void => {
    if (ended || excess === null) return;
    end();
    onExcess(excess);
  };
  const end = (): void => {
    ended = true;
    for (const clear of timers) clear();
  };
  const lookAtMemory = async (): Promise<number> => {
    const processes = (await treeOf(pid)).map(livingThread);
    const allowed = limits.memoryBytes;
    const memoryBytes = unnamedBytes + (await heldBytes(processes, allowed - unnamedBytes));
    report(excessOf({ ...NOTHING, memoryBytes, processes: processes.length }, limits));
    return memoryBytes > allowed / 2 ? OFTEN_MS : SELDOM_MS;
  };
  let ranBefore: number | null = null;
  const lookAtDisk = async (): Promise<number> => {
    // A warm child that waits for its next chunk has written nothing.
    const ran = group?.cpuMs() ?? null;
    if (ran !== null && ran === ranBefore) return SELDOM_MS;
    ranBefore = ran;
    const [unnamed, disk] = await Promise.all([
      unnamedFiles((group?.processes() ?? (await treeOf(pid))).map(livingThread)),
      folderUsage([work, tmp, shm], { bytes: limits.diskBytes, files: limits.files }),
    ]);
    if (unnamed === null) {
      report(uncountable);
      return SELDOM_MS;
    }
    unnamedBytes = unnamed.memory;
    report(excessOf({ ...NOTHING, diskBytes: disk.bytes + unnamed.disk, files: disk.files }, limits));
    return SELDOM_MS;
  };
  if (wallMs !== undefined) {
    const wall = setTimeout(() => report(tooLong(wallMs)), wallMs).unref();
    timers.push(() => clearTimeout(wall));
  }
  const start = (look: () => Promise<number>, firstMs: number): void => {
    timers.push(repeat(look, firstMs, (error) => report(unseen(error))));
  };
  start(lookAtDisk, SELDOM_MS);
  if (group === null) start(lookAtMemory, OFTEN_MS);
  else start(lookAtGroup(group, limits, report), OFTEN_MS);
  return {
    end() {
      const excess = !ended && wasOutOfMemory(group) ? tooMuchMemory(limits) : undefined;
      end();
      return excess;
    },
  };
}

function wasOutOfMemory(group: ControlGroup | null): boolean {
  try {
    return group?.outOfMemory() ?? false;
  } catch {
    // Somebody removed the group, which takes a child that has ended.
    return false;
  }
}

const SELDOM_MS = 500;
const OFTEN_MS = 200;

function lookAtGroup(group: ControlGroup, limits: Limits, report: (excess: Excess) => void) {
  let allowed = limits.memoryBytes;
  let wanting = false;
  return async (): Promise<number> => {
    const changed = limits.memoryBytes !== allowed;
    allowed = limits.memoryBytes;
    const kept = !changed || group.limitMemory(allowed);
    const wants = group.outOfMemory();
    // For a moment a group can be out of memory that is about to get some back.
    if (!kept || (wants && wanting)) report(tooMuchMemory(limits));
    wanting = wants;
    return OFTEN_MS;
  };
}

/** Calls again after as long as it answers, until the result is called. */
function repeat(look: () => Promise<number>, firstMs: number, onError: (error: Error) => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let over = false;
  const wait = (ms: number): void => {
    if (!over) timer = setTimeout(() => void look().then(wait, onError), ms).unref();
  };
  wait(firstMs);
  return () => {
    over = true;
    clearTimeout(timer);
  };
}

export type Used = { memoryBytes: number; processes: number; diskBytes: number; files: number };
const NOTHING: Used = { memoryBytes: 0, processes: 0, diskBytes: 0, files: 0 };

export function excessOf(used: Used, limits: Limits): Excess | null {
  if (used.memoryBytes > limits.memoryBytes) return tooMuchMemory(limits);
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

const tooMuchMemory = ({ memoryBytes }: Limits): Excess => ({
  limit: 'memory',
  message: `It needed more than the ${size(memoryBytes)} of memory that it may have on this worker.`,
});

const uncountable: Excess = {
  limit: 'disk',
  message: 'It had more files, pipes and sockets open than can be counted, or hid them.',
};

const tooLong = (wallMs: number): Excess => ({
  limit: 'time',
  message: `It ran longer than ${Math.round(wallMs / 1_000)} seconds.`,
});

/** A child that nothing keeps to its limits must not go on. */
const unseen = ({ message }: Error): Excess => ({
  limit: 'memory',
  message: `What it used could not be seen any more: ${message}`,
});

const size = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`;
