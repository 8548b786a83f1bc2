import { read } from 'read';
import type { Context } from '../context.ts';
import { readSecretFile } from '../secret-options.ts';
import { SentenceError } from '../sentence-error.ts';

/** From `--token-file`, PILOT_TOKEN, or whoever sits at the terminal: never from the arguments. */
export async function workerToken(
  { config, stderr }: Pick<Context, 'config' | 'stderr'>,
  file: string | undefined,
  stdin: NodeJS.ReadStream = process.stdin,
): Promise<string> {
  if (file !== undefined) return readSecretFile('--token-file', file);
  if (config.workerToken !== null) return config.workerToken;
  if (!stdin.isTTY || !stderr.isTTY) throw new SentenceError(NO_TOKEN);
  const prompt = 'Token of the farm (its Workers page shows it): ';
  // It rejects where Ctrl-C or Ctrl-D ends it.
  const typed = await read({ prompt, silent: true, input: stdin, output: stderr }).catch(() => '');
  if (typed.trim() === '') throw new SentenceError(`No token was given. ${NO_TOKEN}`);
  return typed.trim();
}

const NO_TOKEN =
  'The farm lets workers in by a token, which its Workers page shows. Give it in a file with --token-file, in the variable PILOT_TOKEN, or run the command in a terminal, where it asks for it.';
