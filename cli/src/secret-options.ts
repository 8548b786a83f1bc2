import { readFile } from 'node:fs/promises';
import { Option } from 'commander';
import { SentenceError } from './sentence-error.ts';

/**
 * An option that people try first and that is not taken: every user of a
 * machine can read the arguments of every process. `instead` says what is.
 */
export function refusedSecret(flag: '--token' | '--key', instead: string): Option {
  return new Option(`${flag} <secret>`).hideHelp().argParser(() => {
    throw new SentenceError(
      `${flag} is not taken: what stands in a command can be read by every user of this machine. ${instead}`,
    );
  });
}

/** The first line of a file that holds a secret and nothing else. Throws a SentenceError where there is none. */
export async function readSecretFile(option: string, path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const why = error.code === 'ENOENT' ? 'there is no such file' : error.message;
    throw new SentenceError(`${option} ${path} cannot be read: ${why}.`, { cause: error });
  });
  const secret = text.trim();
  if (secret !== '' && !/\s/.test(secret)) return secret;
  throw new SentenceError(
    `${option} ${path}: expected a file with one line and nothing else in it, as the farm shows it.`,
  );
}
