import { setTimeout as pause } from 'node:timers/promises';
import { treeOf } from '@parallel-pilot/sandbox/limits/process-tree.ts';

const PERIOD_MS = 200;

/**
 * Lets what a process has started run for this part of the time only, as
 * `cpulimit` does; the process itself goes on as it was. Returns what ends it.
 */
export function throttleChildren(pid: number, share: number): () => Promise<void> {
  const stop = new AbortController();
  const over = (async () => {
    while (!stop.signal.aborted) {
      const [, ...children] = await treeOf(pid);
      signal(children, 'SIGCONT');
      await pause(PERIOD_MS * share);
      signal(children, 'SIGSTOP');
      await pause(PERIOD_MS * (1 - share));
    }
    const [, ...children] = await treeOf(pid);
    signal(children, 'SIGCONT');
  })();
  return async () => {
    stop.abort();
    await over;
  };
}

function signal(pids: readonly number[], name: 'SIGSTOP' | 'SIGCONT'): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch (error) {
      // It has ended meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
