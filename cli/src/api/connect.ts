import type { CliConfig } from '../config.ts';
import { findFarm } from '../farm/presence.ts';
import { readSecretFile } from '../secret-options.ts';
import { SentenceError } from '../sentence-error.ts';
import { type Api, createApi } from './client.ts';
import { keyOf } from './kept-keys.ts';
import type { Connection } from './request.ts';

export type ServerFlags = { server?: string; keyFile?: string; data?: string };

/** `local`: the one that is up over this machine's data folder. */
export type FoundFarm = Connection & { local: boolean };

/** The farm that a command means: `--server`, PILOT_SERVER, or the one that is up on this machine. Null when there is none. */
export async function findConnection(config: CliConfig, flags: ServerFlags): Promise<FoundFarm | null> {
  const { keyFile } = flags;
  const key = keyFile === undefined ? config.key : await readSecretFile('--key-file', keyFile);
  const given = flags.server ?? config.server;
  const withKey = async (url: string, local: boolean) => ({
    url,
    key: key ?? (await keyOf(config.configFolder, new URL(url).origin)),
    local,
  });
  if (given !== null && given !== undefined) return withKey(addressOf(given), false);
  const found = await findFarm(flags.data ?? config.dataFolder);
  return found === null ? null : withKey(found.url, true);
}

/** The same for a command that starts no farm of its own. */
export async function connect(config: CliConfig, flags: ServerFlags): Promise<Api> {
  const connection = await findConnection(config, flags);
  if (connection !== null) return createApi(connection);
  throw new SentenceError(
    'No farm is running on this machine. Start one with "pilot up", or give the address of another with --server.',
  );
}

/** "farm:3000" and "http://farm:3000/" both mean http://farm:3000. */
export function addressOf(text: string): string {
  const withScheme = /^https?:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : null;
  if (url === null || url.hostname === '') {
    throw new SentenceError(`"${text}" is not the address of a farm. Write for instance http://farm:3000.`);
  }
  return url.origin;
}
