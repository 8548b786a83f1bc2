import { readdir, readFile } from 'node:fs/promises';
import type { Farm, Part } from '../../support/farm.ts';

/** Processor time until now, seconds: of the farm's own processes, by what they are, and of all that workers started. */
export type ProcessorTime = { backend: number; balancer: number; workers: number; programs: number };

/** Ticks in a second, as `/proc` tells times: always so on Linux. */
const HZ = 100;

/** Linux only. Of programs that have ended, their parents tell. */
export async function processorTime({ backend, balancer, workers }: Farm): Promise<ProcessorTime> {
  const each = await Promise.all(workers.map((worker) => treeOf(worker)));
  const sum = (of: (one: Times) => number) => each.reduce((all, one) => all + of(one), 0);
  return {
    backend: (await treeOf(backend)).own,
    balancer: (await treeOf(balancer)).own,
    workers: sum(({ own }) => own),
    programs: sum(({ below }) => below),
  };
}

type Times = { own: number; below: number };

async function treeOf(part: Part): Promise<Times> {
  const pid = part.pid();
  if (pid === undefined) return { own: 0, below: 0 };
  const [own = 0, ended = 0] = await timesOf(pid);
  let below = ended;
  const open = await childrenOf(pid);
  for (let child = open.pop(); child !== undefined; child = open.pop()) {
    const [used = 0, waited = 0] = await timesOf(child);
    below += used + waited;
    open.push(...(await childrenOf(child)));
  }
  return { own, below };
}

/** Of the process itself, and of its children that have ended. */
async function timesOf(pid: number): Promise<number[]> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const [user = 0, system = 0, children = 0, childrenSystem = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15)
    .map((ticks) => Number(ticks) / HZ);
  return [user + system, children + childrenSystem];
}

async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '')),
  );
  return lists.join(' ').split(' ').filter(Boolean).map(Number);
}
