import { readFileSync } from 'node:fs';
import { type SettingName, withoutBlanks } from '../model/settings.ts';

/**
 * A secret that is given in the variable `name`, or better in a file that `fileName` names: containers and services hand
 * secrets on as files, which no list of processes shows. Throws a sentence where the file cannot be read.
 */
export function secretSetting(
  env: NodeJS.ProcessEnv,
  name: SettingName,
  fileName: SettingName,
): string | undefined {
  const set = withoutBlanks(env);
  const file = set[fileName];
  if (file === undefined) return set[name];
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new Error(`${fileName}: the file ${file} cannot be read (${why}).`);
  }
}
