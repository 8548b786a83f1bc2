import { readFileSync } from 'node:fs';

const CONFIG = new URL('../../../.git/config', import.meta.url);

/** Where this clone of the project came from, as a word for a shell; null where it is no clone. */
export function ownSource(): string | null {
  try {
    return sourceIn(readFileSync(CONFIG, 'utf8'));
  } catch {
    return null;
  }
}

/**
 * The address of `origin` in the text of a git configuration, without a name and a password that may stand in it:
 * it is shown to others. Null where there is none, or one that no shell should be given.
 */
export function sourceIn(config: string): string | null {
  const section = /^\[remote "origin"\]\n((?:[ \t].*\n?)*)/m.exec(config)?.[1];
  const address = /^\s*url\s*=\s*(.*?)\s*$/m.exec(section ?? '')?.[1];
  if (address === undefined || !/^[\w@:/.~+%-]+$/.test(address) || address.startsWith('-')) return null;
  return address.replace(/^(https?:\/\/)[^/@]*@/, '$1');
}
