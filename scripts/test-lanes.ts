import { cpus } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';

/** Of all processor time of the machine since it was asked before: 0 where none was left over, 1 where nothing ran. */
export type IdleShare = () => number;

/** So much has to be left over before another file is begun beside the two: a whole core of two. With less, tests that watch a page began to fail. */
const ENOUGH = 0.5;
const LOOK_MS = 1_000;

/**
 * Runs every file once. Two at a time, `dear` ones first and in their order: so nothing long is left for the end, when
 * one of the two has nothing more to do. Much of a dear file is waiting, for a lease to end or a page to show, so one
 * of `light` is run beside the two whenever the processor had room for it in the last second, and never on a machine
 * that is busy.
 */
export async function runInLanes(
  { dear, light }: { dear: readonly string[]; light: readonly string[] },
  run: (file: string) => Promise<void>,
  {
    signal,
    idle = watchProcessor(),
    lookMs = LOOK_MS,
  }: { signal: AbortSignal; idle?: IdleShare; lookMs?: number },
): Promise<void> {
  const first = [...dear];
  const rest = [...light];
  const lane = async () => {
    for (let file = first.shift() ?? rest.shift(); file !== undefined; file = first.shift() ?? rest.shift()) {
      if (signal.aborted) return;
      await run(file);
    }
  };
  const beside = async () => {
    // What ran while nothing was looked at says nothing of now.
    for (idle(); rest.length > 0 && !signal.aborted; idle()) {
      await pause(lookMs);
      if (idle() < ENOUGH) continue;
      const file = rest.shift();
      if (file !== undefined) await run(file);
    }
  };
  await Promise.all([lane(), lane(), beside()]);
}

export function watchProcessor(): IdleShare {
  let before = processorTimes();
  return () => {
    const now = processorTimes();
    const all = now.all - before.all;
    const idle = now.idle - before.idle;
    before = now;
    return all > 0 ? idle / all : 0;
  };
}

function processorTimes(): { all: number; idle: number } {
  const each = cpus().map(({ times }) => times);
  const idle = each.reduce((sum, one) => sum + one.idle, 0);
  const busy = each.reduce((sum, one) => sum + one.user + one.nice + one.sys + one.irq, 0);
  return { all: idle + busy, idle };
}
