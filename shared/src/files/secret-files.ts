import { readFileSync } from 'node:fs';
import { type SettingName, withoutBlanks } from '../model/settings.ts';

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
    refuseBoth(name, variable, env[name]);
    given[name] = readLine(variable, path);
  }
  return given;
}

/** A secret of one or more lines that is given in the variable `name`, or better in a file that `fileName` names. */
export function secretSetting(
  env: NodeJS.ProcessEnv,
  name: SettingName,
  fileName: SettingName,
): string | undefined {
  const set = withoutBlanks(env);
  const path = set[fileName];
  if (path === undefined) return set[name];
  refuseBoth(name, fileName, set[name]);
  return readSecret(fileName, path);
}

function refuseBoth(name: string, variable: string, value: string | undefined): void {
  if (value !== undefined)
    throw new SecretFileError(`${name} and ${variable} are both set. Leave one of them out.`);
}

function readSecret(variable: string, path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : message;
    throw new SecretFileError(`${variable}: ${path} cannot be read: ${why}.`, { cause: error });
  }
}

function readLine(variable: string, path: string): string {
  const text = readSecret(variable, path);
  if (text !== '' && !/\s/.test(text)) return text;
  throw new SecretFileError(`${variable}: ${path} must have one line with the secret and nothing else.`);
}
