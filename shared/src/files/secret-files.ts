import { readFileSync } from 'node:fs';

/** A file with a secret in it cannot be used; the message is a sentence, and never has the secret. */
export class SecretFileError extends Error {}

/**
 * The environment with what these variables, named `<NAME>_FILE`, point at in the place of `<NAME>`: secrets of
 * containers come as files, which are in no list of processes and in no description of a container.
 */
export function withSecretFiles(
  env: Readonly<Record<string, string | undefined>>,
  variables: readonly `${string}_FILE`[],
): Record<string, string | undefined> {
  const given = { ...env };
  for (const variable of variables) {
    const path = env[variable];
    if (path === undefined) continue;
    const name = variable.slice(0, -'_FILE'.length);
    if (env[name] !== undefined)
      throw new SecretFileError(`${name} and ${variable} are both set. Leave one of them out.`);
    given[name] = readSecret(variable, path);
  }
  return given;
}

function readSecret(variable: string, path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : message;
    throw new SecretFileError(`${variable}: ${path} cannot be read: ${why}.`, { cause: error });
  }
  if (text !== '' && !/\s/.test(text)) return text;
  throw new SecretFileError(`${variable}: ${path} must have one line with the secret and nothing else.`);
}
