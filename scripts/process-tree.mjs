import { spawnSync } from 'node:child_process';

/**
 * Ends a process with all that it has started, and gives the command line of what it was at: the last of those that wait
 * for each other. Null where that cannot be told.
 *
 * @param {number} pid
 * @returns {string | null}
 */
export function endTree(pid) {
  if (process.platform === 'win32') {
    spawnSync('taskkill', ['/pid', String(pid), '/T', '/F'], { stdio: 'ignore' });
    return null;
  }
  const all = processes();
  const tree = [pid];
  for (const one of tree) tree.push(...all.filter(({ parent }) => parent === one).map((it) => it.pid));
  for (const one of tree)
    try {
      process.kill(one, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  const last = tree.at(-1);
  return all.find((it) => it.pid === last)?.command ?? null;
}

function processes() {
  const options = { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 };
  // Small images have no ps.
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,args='], options);
  const text = stdout ?? '';
  return text.split('\n').flatMap((line) => {
    const found = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line);
    return found === null ? [] : [{ pid: Number(found[1]), parent: Number(found[2]), command: found[3] }];
  });
}
