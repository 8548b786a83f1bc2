import { z } from 'zod';
import { strictObject } from '../../model/strict-object.ts';

/*
 * What is plainly meant to destroy is refused before it is taken: a slip, or a test of what one can do. It is no wall:
 * a program can do the same in a thousand other ways. The wall is the sandbox.
 */

/** One sort of what is refused. `pattern` is tried on each line of a command or of a shell script. */
export type RefusedSort = { readonly name: string; readonly what: string; readonly pattern: RegExp };

/** Where a command may begin in a line of shell. */
const START = String.raw`(?:^|[;&|(\x60{]\s*|\$\(\s*|\b(?:sudo|exec|then|do|else|nohup|env|xargs|time)\s+)`;
const at = (rest: string): RegExp => new RegExp(START + rest, 'm');

export const REFUSED_SORTS: readonly RefusedSort[] = [
  {
    name: 'remove-everything',
    what: 'removes everything from the machine',
    pattern: at(
      String.raw`(?:\S*/)?rm\s+(?:-\S+\s+)*-(?:\w*[rR]\w*|-recursive)\s+(?:-\S+\s+)*["']?(?:/\*?|/(?:bin|boot|dev|etc|home|lib|opt|root|sbin|sys|usr|var)/?\*?|~/?\*?|\$\{?HOME\}?/?\*?)["']?(?=\s|$|[;&|)])`,
    ),
  },
  {
    name: 'make-file-system',
    what: 'makes a new file system over a disk',
    pattern: at(String.raw`(?:\S*/)?(?:mkfs(?:\.\w+)?|mke2fs|wipefs)\b`),
  },
  {
    name: 'write-to-device',
    what: 'writes over a disk',
    pattern:
      /\bdd\b[^\n;|&]*\bof=["']?\/dev\/(?!null\b|zero\b|stdout\b|stderr\b|fd\/|shm\/)|>\s*\/dev\/(?:sd|hd|vd|nvme|mmcblk|xvd)\w*/m,
  },
  {
    name: 'fork-bomb',
    what: 'is a fork bomb',
    // A function that pipes itself into itself and leaves both running, by whatever name.
    pattern: /(?:^|[\s;"'])([A-Za-z_:.][\w:.]*)\s*\(\)\s*\{\s*\1\s*\|\s*\1\s*&\s*\}\s*;?\s*\1(?=\s|$|["';])/m,
  },
  {
    name: 'shut-down',
    what: 'shuts the machine down',
    pattern: at(
      String.raw`(?:\S*/)?(?:(?:shutdown|poweroff|reboot|halt)(?=\s|$|[;&|)])|init\s+[06]\b|systemctl\s+(?:poweroff|reboot|halt|kexec)\b)`,
    ),
  },
  {
    name: 'run-what-is-fetched',
    what: 'runs what it fetches from the network, whatever that is by then',
    pattern:
      /\b(?:curl|wget)\b[^\n;&]*\|\s*(?:sudo\s+)?(?:\S*\/)?(?:ba|z|da|k|c|fi)?sh\b|\b(?:ba|z|da|k)?sh\s+(?:-c\s+)?["']?(?:<\(|\$\(|\x60)\s*(?:curl|wget)\b/m,
  },
];

/** What an admin changed of the list: sorts that are taken all the same, and further texts that are refused. */
export const RefusedChanges = strictObject({
  allowed: z
    .array(
      z.string().refine((name) => REFUSED_SORTS.some((sort) => sort.name === name), 'There is no such sort.'),
    )
    .max(REFUSED_SORTS.length)
    .default([]),
  texts: z
    .array(
      z.string().trim().min(3, 'A text has to have three characters, or it stands in anything.').max(200),
    )
    .max(200)
    .default([]),
});
export type RefusedChanges = z.infer<typeof RefusedChanges>;
const NO_CHANGES: RefusedChanges = { allowed: [], texts: [] };

/** Why these words, or the lines of a script, are not taken, as the end of a sentence: "it …". Null where they are. */
export function refusedFor(lines: string, { allowed, texts }: RefusedChanges = NO_CHANGES): string | null {
  const sort = REFUSED_SORTS.find(({ name, pattern }) => !allowed.includes(name) && pattern.test(lines));
  if (sort !== undefined) return sort.what;
  const text = texts.find((one) => lines.includes(one));
  return text === undefined ? null : `holds "${text}", which this farm does not take`;
}

/** The words as lines of which each might be what a shell is given: the whole, and each word of several. */
export const linesOf = (words: readonly string[]): string =>
  [words.join(' '), ...words.filter((word) => /\s/.test(word))].join('\n');
