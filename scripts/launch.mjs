import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { cloneEnv, node24 } from './places.mjs';

/**
 * Runs the clone's Node 24 with these arguments in this terminal, hands signals on to it, and ends this process
 * with its exit code (128 + the signal's number when a signal ended it).
 *
 * @param {string[]} args
 * @param {{ cwd?: string }} [options]
 */
export async function launch(args, { cwd = process.cwd() } = {}) {
  const child = spawn(node24, args, { cwd, env: cloneEnv(), stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (!reachesTheChildAnyway(signal)) child.kill(signal);
    });
  }
  if (process.env.npm_command !== undefined) watchParent(() => child.kill('SIGTERM'));
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status, signal) => resolve(signal ? 128 + constants.signals[signal] : status));
  });
  process.exit(code);
}

// npm hands a SIGTERM to the shell that stands between it and this process, and the shell ends without handing it on.
function watchParent(onEnd) {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    onEnd();
  }, 500).unref();
}

// Ctrl-C goes from the terminal to every process of the command. Handed on, the child would get it twice, and
// twice means "at once, without finishing the frame".
function reachesTheChildAnyway(signal) {
  return signal === 'SIGINT' && [process.stdin, process.stdout, process.stderr].some((it) => it.isTTY);
}
