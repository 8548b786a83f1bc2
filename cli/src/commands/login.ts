import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { SCOPES, Scope } from '@parallel-pilot/shared/access/principal.ts';
import { Session } from '@parallel-pilot/shared/api/farm.ts';
import { DeviceAnswer, DeviceCode } from '@parallel-pilot/shared/api/people.ts';
import { Command, InvalidArgumentError } from 'commander';
import type { z } from 'zod';
import { addressOf } from '../api/connect.ts';
import { keepKey } from '../api/kept-keys.ts';
import { isPassing, send } from '../api/request.ts';
import { type Context, isWatched } from '../context.ts';
import { findFarm } from '../farm/presence.ts';
import { withExamples } from '../options.ts';
import { SentenceError } from '../sentence-error.ts';
import { print } from '../text/print.ts';

type Flags = { scopes: Scope[]; browser: boolean };

/** `pilot login`: a key for this machine, which somebody approves in a browser (RFC 8628, as `gh auth login` does it). */
export function loginCommand(context: Context): Command {
  const command = new Command('login')
    .summary('sign in to a farm, in a browser')
    .description(
      'Shows a code, which you approve in a browser where you are signed in, and keeps the key that the farm\n' +
        'gives for it in a file that only you can read. Several farms are kept side by side; commands take\n' +
        'the key of the farm that --server names.',
    )
    .argument('[url]', 'the farm; without, PILOT_SERVER or the one on this machine')
    .option('--scopes <scopes>', `what the key may: ${SCOPES.join(', ')}`, parseScopes, [...SCOPES])
    .option('--no-browser', 'open no browser, only say where to go');
  withExamples(command, ['pilot login https://farm.example', 'pilot login farm:3000 --scopes read']);
  return command.action((url: string | undefined, flags: Flags) => login(context, url, flags));
}

async function login(context: Context, given: string | undefined, flags: Flags): Promise<void> {
  const { config, stderr } = context;
  const url = await farmOf(context, given);
  const farm = { url, key: null };
  const session = await read(await send(farm, 'GET', '/api/v1/session'), Session);
  if (session.mode === 'local') {
    print(stderr, `${url} is open to this machine alone, and asks nobody to sign in.`);
    return;
  }
  const name = `pilot on ${config.hostName}`;
  const asked = await send(farm, 'POST', '/api/v1/device-codes', { name, scopes: flags.scopes });
  const code = await read(asked, DeviceCode);
  // As this machine reaches it, whatever the farm calls itself.
  const page = `${url}/device#${code.userCode}`;
  print(stderr, [
    '',
    `  Your code:  ${code.userCode}`,
    '',
    `  Open ${page}, compare the code, and say yes there.`,
    '',
  ]);
  if (flags.browser && isWatched(context)) openBrowser(page);
  const answer = await decided(farm, code);
  if (answer.state !== 'approved')
    throw new SentenceError('It was refused in the browser. No key was given.');
  const { key, person, team } = answer;
  await keepKey(config.configFolder, url, { key, person: person.name, team: team.name });
  print(stderr, `Signed in to ${url} as ${person.name}, in the team ${team.name}.`);
}

/** Asks until somebody decided. A farm that is away for a moment is asked again. */
async function decided(farm: { url: string; key: null }, code: DeviceCode): Promise<DeviceAnswer> {
  for (;;) {
    await pause(code.interval * 1_000);
    try {
      const { deviceCode } = code;
      const reply = await send(farm, 'POST', '/api/v1/device-codes/poll', { deviceCode });
      const answer = await read(reply, DeviceAnswer);
      if (answer.state !== 'waiting') return answer;
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
  }
}

export async function farmOf(
  { config }: Pick<Context, 'config'>,
  given: string | undefined,
): Promise<string> {
  const named = given ?? config.server;
  if (named !== null) return addressOf(named);
  const found = await findFarm(config.dataFolder);
  if (found !== null) return new URL(found.url).origin;
  throw new SentenceError('Say which farm, for instance: pilot login https://farm.example');
}

async function read<T>(reply: Response, schema: z.ZodType<T>): Promise<T> {
  const parsed = schema.safeParse(await reply.json().catch(() => undefined));
  if (parsed.success) return parsed.data;
  throw new SentenceError(
    `The answer of ${new URL(reply.url).origin} was not understood. Its version and this program's may differ, or it is no farm.`,
  );
}

function parseScopes(text: string): Scope[] {
  return text.split(',').map((word) => {
    const scope = Scope.safeParse(word.trim());
    if (scope.success) return scope.data;
    throw new InvalidArgumentError(`Known are ${SCOPES.join(', ')}, with commas between.`);
  });
}

const OPENERS: Partial<Record<NodeJS.Platform, string>> = { darwin: 'open', linux: 'xdg-open' };

/** Where there is none, the address on the screen does. */
function openBrowser(url: string): void {
  const opener = OPENERS[process.platform];
  if (opener === undefined) return;
  const browser = spawn(opener, [url], { stdio: 'ignore', detached: true });
  browser.on('error', () => {});
  browser.unref();
}
