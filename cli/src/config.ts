import { availableParallelism, homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { SETTINGS } from '@parallel-pilot/shared/model/settings.ts';

/** What the command line takes from its surroundings; this file alone reads the environment. */
export type CliConfig = {
  /** PILOT_SERVER: the farm to speak to; `--server` goes before it. */
  server: string | null;
  /** PILOT_KEY: a key of the farm; `--key-file` goes before it, and the one that `pilot login` keeps comes after. */
  key: string | null;
  /** PILOT_DATA: where an embedded farm keeps its database, files and logs. */
  dataFolder: string;
  /** Where `pilot login` keeps keys. */
  configFolder: string;
  /** PILOT_DEBUG=1: errors come with their stack, and Node's own warnings are shown. */
  debug: boolean;
  /** PILOT_TOKEN; `--token-file` goes before it. */
  workerToken: string | null;
  /** PILOT_UNSANDBOXED: workers may work where this machine has no sandbox. */
  unsandboxed: boolean;
  logLevel: string;
  hostName: string;
  cpus: number;
  /** Handed on to child processes. */
  env: NodeJS.ProcessEnv;
};

export function readCliConfig(env: NodeJS.ProcessEnv = process.env): CliConfig {
  return {
    server: given(env.PILOT_SERVER),
    key: given(env.PILOT_KEY),
    dataFolder: given(env.PILOT_DATA) ?? join(homedir(), '.parallel-pilot'),
    configFolder: join(given(env.XDG_CONFIG_HOME) ?? join(homedir(), '.config'), 'parallel-pilot'),
    debug: isOn(env.PILOT_DEBUG),
    workerToken: given(env.PILOT_TOKEN),
    unsandboxed: isOn(env.PILOT_UNSANDBOXED),
    logLevel: given(env.PILOT_LOG) ?? 'info',
    hostName: hostname().split('.')[0] || 'localhost',
    cpus: availableParallelism(),
    env,
  };
}

/** Commander takes a variable that is set to nothing for a value; see `withoutBlanks`. */
export function forgetBlankSettings(env: NodeJS.ProcessEnv = process.env): void {
  for (const name of Object.keys(SETTINGS)) if (env[name]?.trim() === '') delete env[name];
}

/** The same, for workers that may do without a sandbox: an option of the command says so. */
export const unsandboxedConfig = (config: CliConfig, wanted = false): CliConfig =>
  wanted ? { ...config, unsandboxed: true, env: { ...config.env, PILOT_UNSANDBOXED: '1' } } : config;

const isOn = (value: string | undefined): boolean => given(value) !== null && value !== '0';

const given = (value: string | undefined): string | null =>
  value === undefined || value.trim() === '' ? null : value.trim();
