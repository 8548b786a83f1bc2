import { execa } from 'execa';
import type { Engine } from './engine.ts';

/** Removes a container, once: when it is told to, or when this process has ended, however that came. */
export type Guard = { remove(): Promise<void> };

/**
 * Containers are nobody's children: they would outlast the worker. So a shell of a session of its own waits at a pipe
 * that closes when the worker does, and then removes the container. What dies with it is found at the next start.
 */
export function guardContainer({ command, env, name: engine }: Engine, name: string): Guard {
  const quickly = engine === 'podman' ? ['--ignore', '--time', '0'] : [];
  const guard = execa('/bin/sh', ['-c', WAIT, 'sh', command, 'rm', '--force', ...quickly, name], {
    ...{ env, extendEnv: false, reject: false, detached: true, cleanup: false },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.stdin?.on('error', () => {});
  return {
    async remove() {
      guard.stdin?.end();
      await guard;
    },
  };
}

const WAIT = 'while read -r line; do :; done; exec "$@"';
