import { read } from 'read';
import type { Context } from '../context.ts';
import { SentenceError } from '../sentence-error.ts';
import { print } from '../text/print.ts';
import type { FoundFarm } from './find-farms.ts';

export type Asking = {
  find(): Promise<FoundFarm[]>;
  /** Whether this worker has a credential of the farm at that address. */
  isKnown(url: string): Promise<boolean>;
  stdin?: NodeJS.ReadStream;
};

/**
 * The address of a farm of the local network that a person has seen, or that this worker has joined before. Anything
 * on the network can answer, so nothing is sent to an address that is new before somebody has said that it is right.
 */
export async function chooseFarm(
  { stderr }: Pick<Context, 'stderr'>,
  { find, isKnown, stdin = process.stdin }: Asking,
): Promise<string> {
  print(stderr, 'Looking for farms on this network …');
  const farms = await find().catch((error: Error) => {
    throw new SentenceError(
      `This machine cannot ask its network for farms (${error.message}). ${BY_ADDRESS}`,
      {
        cause: error,
      },
    );
  });
  if (farms.length === 0) throw new SentenceError(NONE);
  const isJoined = await Promise.all(farms.map(({ url }) => isKnown(url)));
  const [known, ...others] = farms.filter((_, index) => isJoined[index]);
  if (known !== undefined && others.length === 0) {
    print(stderr, `Joining the farm at ${known.url} again.`);
    return known.url;
  }
  if (!stdin.isTTY || !stderr.isTTY) throw new SentenceError(unasked(farms));
  return await ask(farms, stdin, stderr);
}

async function ask(
  farms: readonly FoundFarm[],
  stdin: NodeJS.ReadStream,
  stderr: NodeJS.WriteStream,
): Promise<string> {
  print(stderr, [...listed(farms), WARNING]);
  const [only, ...others] = farms;
  const prompt =
    others.length === 0
      ? `Join the farm at ${only?.url}? [y/N] `
      : `Which one is yours, 1 to ${farms.length}? (nothing: none) `;
  // It rejects where Ctrl-C or Ctrl-D ends it.
  const answer = (await read({ prompt, input: stdin, output: stderr }).catch(() => '')).trim().toLowerCase();
  const chosen =
    others.length === 0 ? (/^y(es)?$/.test(answer) ? only : undefined) : farms[Number(answer) - 1];
  if (chosen === undefined) throw new SentenceError(`No farm was joined. ${BY_ADDRESS}`);
  return chosen.url;
}

const listed = (farms: readonly FoundFarm[]): string[] =>
  farms.map(({ name, url }, index) => `  ${index + 1}. ${url}  (${name})`);

const WARNING =
  'Anything on this network can answer so. Join only at an address that your farm shows: "pilot up" prints it, and its Workers page has it.';

const BY_ADDRESS =
  'Give the address of the farm with --join; "pilot up --host" prints it, and its Workers page has it.';

const NONE = `No farm answered on this network. A farm tells its network where it is while it listens on more than this machine ("pilot up --host 0.0.0.0"); some networks let no such questions through. ${BY_ADDRESS}`;

const unasked = (farms: readonly FoundFarm[]): string =>
  [
    'Farms answered on this network. Without a terminal nobody can say which is yours, and anything on the network can answer; give its address with --join:',
    ...farms.map(({ name, url }) => `  --join ${url}  (${name})`),
  ].join('\n');
