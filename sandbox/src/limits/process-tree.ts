import { readdirSync, readFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';

/** More are not looked at: a limit of their number has been passed long before. */
const MOST_PROCESSES = 20_000;
/** Between two turns of everything else that this process does. */
const AT_ONCE = 50;

/**
 * The process and its descendants, from the top. Everything in a sandbox is a
 * descendant of the program that made it; without one a process can leave the tree.
 */
export async function treeOf(pid: number): Promise<number[]> {
  const found = [pid];
  const seen = new Set(found);
  for (let at = 0; at < found.length && found.length < MOST_PROCESSES; at += 1) {
    if (at % AT_ONCE === AT_ONCE - 1) await turn();
    for (const child of childrenOf(found[at] ?? 0)) {
      if (!seen.has(child)) found.push(child);
      seen.add(child);
    }
  }
  return found;
}

export function childrenOf(pid: number): number[] {
  const threads = attempt(() => readdirSync(`/proc/${pid}/task`)) ?? [];
  return threads.flatMap((thread) =>
    readProcess(`${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );
}

/**
 * The program in a sandbox of bubblewrap, by the id of the sandbox: bubblewrap starts a first process, and that the
 * program before anything else comes to be its child. Null while there is none.
 */
export function programInside(sandbox: number): number | null {
  const [first] = childrenOf(sandbox);
  return first === undefined ? null : (childrenOf(first)[0] ?? null);
}

/** A small file of /proc: asking Node's thread pool for it takes several times as long as reading it. Empty when it is gone. */
export const readProcess = (path: string): string =>
  attempt(() => readFileSync(`/proc/${path}`, 'latin1')) ?? '';

/**
 * The id by which /proc tells what a process holds: that of a thread of it that is alive, since of one whose first
 * thread has ended the process's own id tells nothing, though the others have all of it.
 */
export function livingThread(pid: number): number {
  if (!hasEnded(pid)) return pid;
  const threads = attempt(() => readdirSync(`/proc/${pid}/task`)) ?? [];
  return threads.map(Number).find((thread) => !hasEnded(thread)) ?? pid;
}

const hasEnded = (thread: number): boolean => /^State:\s+[ZX]/m.test(readProcess(`${thread}/status`));

/** False for one that is ending: what it had is given back already, and what is left of it belongs to root. */
export const hasMemory = (pid: number): boolean => /^VmSize:/m.test(readProcess(`${pid}/status`));

/** What it reads; null where that cannot be read, or is gone. */
export function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
