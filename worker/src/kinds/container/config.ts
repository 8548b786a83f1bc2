import { childEnvironment } from '@parallel-pilot/sandbox/child/config.ts';

/** What podman and docker are started with: what any program needs, and where docker's server is. */
export function engineEnvironment(own: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const server = own.DOCKER_HOST;
  return {
    ...childEnvironment({ level: 'none', reason: 'an engine of containers is a program of the worker' }, own),
    ...(server === undefined ? {} : { DOCKER_HOST: server }),
  };
}
