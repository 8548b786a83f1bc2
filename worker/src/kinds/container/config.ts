import { childEnvironment } from '@parallel-pilot/sandbox/child/config.ts';

/** What podman and docker are told by their own variables: where a server is, or the machine's own settings. */
const OF_ENGINES = /^(DOCKER_HOST|CONTAINERS_(STORAGE_)?CONF)$/;

/** Where the system keeps what is the worker's own user's until it is started again; empty where it says of none. */
export const runtimeFolder = ({ XDG_RUNTIME_DIR = '' }: NodeJS.ProcessEnv = process.env): string =>
  XDG_RUNTIME_DIR;

/** What podman and docker are started with: what any program needs, and that. */
export function engineEnvironment(own: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const outside = { level: 'none', reason: 'an engine of containers is a program of the worker' } as const;
  const told = Object.entries(own).filter(([name, value]) => OF_ENGINES.test(name) && value !== undefined);
  return { ...childEnvironment(outside, own), ...(Object.fromEntries(told) as Record<string, string>) };
}
