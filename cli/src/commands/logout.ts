import { KeyList } from '@parallel-pilot/shared/api/people.ts';
import { Command } from 'commander';
import { createApi } from '../api/client.ts';
import { keepKey, readKeys } from '../api/kept-keys.ts';
import { ApiError, send } from '../api/request.ts';
import type { Context } from '../context.ts';
import { withExamples } from '../options.ts';
import { SentenceError } from '../sentence-error.ts';
import { print } from '../text/print.ts';
import { farmOf } from './login.ts';

/** `pilot logout`: revokes the key that `pilot login` got, and forgets it. */
export function logoutCommand(context: Context): Command {
  const command = new Command('logout')
    .summary('sign out of a farm')
    .description('Has the farm revoke the key of this machine, and deletes it here.')
    .argument('[url]', 'the farm; without, PILOT_SERVER or the only one you are signed in to');
  withExamples(command, ['pilot logout', 'pilot logout https://farm.example']);
  return command.action((url: string | undefined) => logout(context, url));
}

async function logout(context: Context, given: string | undefined): Promise<void> {
  const { config, stderr } = context;
  const kept = await readKeys(config.configFolder);
  const [only, ...others] = [...kept.keys()];
  const alone = given === undefined && config.server === null && others.length === 0 ? only : undefined;
  const url = alone ?? (await farmOf(context, given));
  const key = kept.get(url)?.key;
  if (key === undefined) throw new SentenceError(`You are not signed in to ${url} on this machine.`);
  const problem = await revoke(url, key);
  await keepKey(config.configFolder, url, null);
  print(stderr, problem ?? `Signed out of ${url}.`);
}

/** Why the farm may still take the key, as a sentence; null where it does not. */
async function revoke(url: string, key: string): Promise<string | null> {
  const farm = { url, key };
  try {
    const { keys } = await createApi(farm).get('/api/v1/account/keys', KeyList);
    const own = keys.find(({ current }) => current);
    if (own !== undefined) await send(farm, 'DELETE', `/api/v1/account/keys/${own.id}`);
    return null;
  } catch (error) {
    // It was revoked before, or its time is over.
    if (error instanceof ApiError && error.status === 401) return null;
    const why = error instanceof Error ? error.message : String(error);
    return `The key was deleted here, but ${url} did not revoke it: ${why} Revoke it on the page of your account.`;
  }
}
