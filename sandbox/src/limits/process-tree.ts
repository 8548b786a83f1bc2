import { readdir, readFile } from 'node:fs/promises';

/** More are not looked at: a limit of their number has been passed long before. */
const MOST_PROCESSES = 20_000;

/**
 * The process and its descendants, from the top. Everything in a sandbox is a
 * descendant of the program that made it; without one a process can leave the tree.
 */
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
