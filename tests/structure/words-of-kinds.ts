import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative, sep } from 'node:path';

/**
 * Words that only one kind has a meaning for. `round` and `probe` are also
 * what a scheduler goes through and what one does with a port, so only what is
 * composed with them counts; `model` and `data` are everybody's.
 */
const WORDS =
  /\b(blenders?|blends?|scenes?|cameras?|frames?|render(s|ed|er|ers|ing)?|probe[sd]?|probing|stitch(es|ed|ing)?|trains?|trained|trainings?|shards?|epochs?|torch|numpy|npz)\b/gi;

/** What has such a word in it and is no kind's, by the file and the text around it. */
const EXCEPTIONS: { files: RegExp; text: RegExp; why: string }[] = [
  { files: /^client-frontend\//, text: /(request|cancel) Animation Frame/, why: "the browser's own name" },
  {
    files: /^client-frontend\/src\/main\.tsx$/,
    text: /create Root\(root\)\.render\(/,
    why: "React's own name",
  },
  {
    files: /security-headers\.ts$/,
    text: /frame Ancestors|frame Src|x Frame Options/,
    why: "the headers' own names",
  },
  { files: /QrCode\.tsx$/, text: /shape Rendering/, why: "SVG's own name" },
  { files: /draw-timeline\.ts$/, text: /Canvas Rendering Context/, why: "the browser's own name" },
  { files: /read-host\.ts$/, text: /\/dev\/dri.*render D/, why: "the kernel's own name" },
  { files: /ports\.ts$/, text: /\bprobe Port\b/, why: 'a port is probed, not a file' },
  { files: /\/migrations\//, text: /.*/, why: 'what was done to databases once is not rewritten' },
];

/** Programs whose generic parts know no kind. `images` is left out: pictures are its subject, and kinds ask it. */
const PACKAGES = ['shared', 'client-backend', 'load-balancer', 'worker', 'client-frontend', 'cli', 'sandbox'];

/** A line outside of the kinds' folders that has a word of one; `words` are those that no exception covers. */
export type Mention = { file: string; line: number; words: string[]; text: string };

/** All mentions in a clone. Tests are not looked at: they need a real job of some kind. */
export function mentionsOfKinds(root: string): Mention[] {
  return PACKAGES.flatMap((name) => sourcesIn(join(root, name, 'src'))).flatMap((path) => {
    const file = relative(root, path).split(sep).join('/');
    return readFileSync(path, 'utf8')
      .split('\n')
      .flatMap((text, index) => {
        const words = wordsOfKinds(file, text);
        return words.length === 0 ? [] : [{ file, line: index + 1, words, text: text.trim() }];
      });
  });
}

/** The words of kinds in a line of a file, whichever way its identifiers are composed. */
export function wordsOfKinds(file: string, text: string): string[] {
  let rest = text.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replaceAll('_', ' ');
  for (const exception of EXCEPTIONS) {
    if (exception.files.test(file)) rest = rest.replace(exception.text, '');
  }
  return [...rest.matchAll(WORDS)].map(([word]) => word);
}

/** They hold a line for each kind. */
const REGISTRIES = new Set(['registry.ts', 'public.ts', 'submissions.ts', 'events.ts']);
const SOURCE = /\.(ts|tsx|css)$/;
const TEST = /\.(test|fixture)\.tsx?$/;

/** Of a `kinds` folder what all kinds share: their own folders and the registries are left out. */
function sourcesIn(folder: string): string[] {
  const ofKinds = basename(folder) === 'kinds';
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ofKinds || entry.name === 'fixtures' ? [] : sourcesIn(path);
    if (ofKinds && REGISTRIES.has(entry.name)) return [];
    return SOURCE.test(entry.name) && !TEST.test(entry.name) ? [path] : [];
  });
}
