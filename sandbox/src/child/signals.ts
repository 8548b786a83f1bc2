import { childrenOf } from '../limits/process-tree.ts';

/** To a child that leads a process group, and to all of that group. */
export function signalGroup(pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid !== undefined) send(process.platform === 'win32' ? pid : -pid, signal);
}

/**
 * Ends a child and all of its group at once. The first process of a sandbox
 * has left the group by the time it runs anything, and until it has asked to
 * end with bubblewrap it would be left behind: it is ended by its id.
 * bubblewrap is stopped first, so that what it starts meanwhile waits for it,
 * and is still in the group.
 */
export function endAtOnce(pid: number | undefined): void {
  if (pid === undefined) return;
  if (process.platform === 'linux') send(pid, 'SIGSTOP');
  const started = childrenOf(pid);
  signalGroup(pid, 'SIGKILL');
  for (const child of started) send(child, 'SIGKILL');
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // ESRCH: it is gone, which is what was wanted.
  }
}
