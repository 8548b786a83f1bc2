import { readFileSync } from 'node:fs';
import { withoutBlanks } from '../model/settings.ts';

/**
 * A secret that is given in the variable `name`, or better in a file that `<name>_FILE` names: containers and
 * services hand secrets on as files, which no list of processes shows. Throws a sentence where the file cannot be read.
 */
export function secretSetting(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const set = withoutBlanks(env);
  const file = set[`${name}_FILE`];
  if (file === undefined) return set[name];
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new Error(`${name}_FILE: the file ${file} cannot be read (${why}).`);
  }
}
