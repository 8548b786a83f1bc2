import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { Farm } from '../support/farm.ts';
import { until } from '../support/until.ts';

/**
 * Waits until the children of the farm's workers have used no processor for two
 * seconds: a Blender that is still being made ready would take time from the
 * plain Blender that is measured next.
 */
export async function rest(farm: Farm): Promise<void> {
  let [before, since] = [-1, performance.now()];
  await until(
    async () => {
      const now = await ticksOfChildren(farm.workers.map((worker) => worker.pid()));
      if (now !== before) [before, since] = [now, performance.now()];
      await pause(100);
      return performance.now() - since > 2_000;
    },
    'the workers never came to rest',
    60_000,
  );
}

/** User and system time in clock ticks, see proc(5): fields 14 and 15, the parent is field 4. */
async function ticksOfChildren(parents: (number | undefined)[]): Promise<number> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(
    processes.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')),
  );
  let ticks = 0;
  for (const stat of stats) {
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (parents.includes(Number(fields[1]))) ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks;
}
