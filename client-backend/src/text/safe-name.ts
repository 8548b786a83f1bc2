import { KINDS } from '@parallel-pilot/shared/kinds/registry.ts';

/** A job's name as a file name on any system, without the ending of the file it was made of; "job" where nothing of it is left. */
export function safeName(name: string): string {
  const plain = withoutEnding(name.normalize('NFC'))
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
    .replace(/[\u0000-\u001f\u007f<>:"/\\|?*]+/g, '_')
    .replace(/^[\s.]+|[\s.]+$/g, '')
    .slice(0, 100)
    .trim();
  return plain === '' || /^_+$/.test(plain) ? 'job' : plain;
}

function withoutEnding(name: string): string {
  const endings = Object.values(KINDS).flatMap((kind) => kind.endings);
  const ending = endings.find((one) => name.toLowerCase().endsWith(one));
  return ending === undefined ? name : name.slice(0, -ending.length);
}
