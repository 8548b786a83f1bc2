import { readdir, readFile, stat } from 'node:fs/promises';

/** `unnamedBytes`: files that are open and have no name any more, and memory held as files (memfd). */
export type Usage = { processes: number; memoryBytes: number; unnamedBytes: number };

/**
 * What a process and all of its descendants use, by /proc. Everything in a
 * sandbox is a descendant of the program that made it; without one a process
 * can leave the tree. Zeros where there is no /proc.
 */
export async function treeUsage(pid: number): Promise<Usage> {
  const pids = await treeOf(pid);
  const memory = await Promise.all(pids.map(memoryOf));
  return {
    processes: pids.length,
    // Pages that processes share are counted once, by whoever has most of them.
    memoryBytes:
      memory.reduce((sum, it) => sum + it.own, 0) + memory.reduce((most, it) => Math.max(most, it.shared), 0),
    unnamedBytes: await unnamedBytes(pids),
  };
}

/** More are not looked at: a limit of their number has been passed long before. */
const MOST_PROCESSES = 20_000;

/** The process and its descendants, from the top. */
export async function treeOf(pid: number): Promise<number[]> {
  const found = [pid];
  const seen = new Set(found);
  for (let at = 0; at < found.length && found.length < MOST_PROCESSES; at += 1) {
    for (const child of await childrenOf(found[at] ?? 0)) {
      if (!seen.has(child)) found.push(child);
      seen.add(child);
    }
  }
  return found;
}

async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'latin1').catch(() => '')),
  );
  return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
}

async function memoryOf(pid: number): Promise<{ own: number; shared: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '');
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1_024;
  return { own: bytes('RssAnon'), shared: bytes('RssFile') + bytes('RssShmem') };
}

async function unnamedBytes(pids: readonly number[]): Promise<number> {
  const sizes = new Map<string, number>();
  for (const pid of pids) {
    const open = await readdir(`/proc/${pid}/fd`).catch(() => []);
    await Promise.all(
      open.map(async (name) => {
        const file = await stat(`/proc/${pid}/fd/${name}`).catch(() => null);
        if (file?.isFile() && file.nlink === 0) sizes.set(`${file.dev}:${file.ino}`, file.blocks * 512);
      }),
    );
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}
