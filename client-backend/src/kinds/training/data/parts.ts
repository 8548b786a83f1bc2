/*
 * Data that comes divided into a part to train on and a part to measure on: folders of a .zip, or arrays of an
 * .npz. The same in pilot_parts.py; tests/training-data compares the two.
 */

export type Part = 'train' | 'test' | 'valid';

const PARTS: Record<string, Part> = {
  train: 'train',
  training: 'train',
  test: 'test',
  testing: 'test',
  val: 'valid',
  valid: 'valid',
  validation: 'valid',
};

export const partNamed = (name: string): Part | null => PARTS[name.toLowerCase()] ?? null;

/** Which part is measured on, where one is trained on: that for tests, or else that for validation. */
export function measuredPart(present: ReadonlySet<Part | null>): Part | null {
  if (!present.has('train')) return null;
  return present.has('test') ? 'test' : present.has('valid') ? 'valid' : null;
}

/** `x_train` and `train_x` as a part and what is left of the name; null for other names. */
export function partOfName(name: string): { part: Part; base: string } | null {
  const [, base = '', last = ''] = /^(.+)_([a-z]+)$/i.exec(name) ?? [];
  const [, first = '', rest = ''] = /^([a-z]+)_(.+)$/i.exec(name) ?? [];
  const [at, end] = [partNamed(last), partNamed(first)];
  if (at !== null) return { part: at, base };
  return end === null ? null : { part: end, base: rest };
}

export type ClassedPath = { path: string; label: string; part: Part | null };
export type Classed = { ok: true; files: ClassedPath[]; leftOut: string[] } | { ok: false; message: string };

/** What lies beside the folders of the classes without being data. */
const PAPERS =
  /^(readme|licen[cs]e|copying|notice|changelog)\b|\.(txt|md|rst|html?|pdf|csv|tsv|json|ya?ml|xml|toml|ini|url)$/i;
const LITTER = /^(thumbs\.db|desktop\.ini)$/i;

/**
 * Tells the class of each file of an archive by its folder, and the part by the folder above that. A read-me beside
 * the folders of the classes is left out. The message completes a sentence that begins with the archive's name.
 */
export function classPaths(paths: readonly string[]): Classed {
  const above = new Set(paths.flatMap((path) => ancestors(path).slice(0, -1)));
  const files: ClassedPath[] = [];
  const leftOut: string[] = [];
  for (const path of paths) {
    const folders = path.split('/');
    const name = folders.pop() ?? '';
    const isBeside = folders.length === 0 || above.has(folders.join('/'));
    if (LITTER.test(name) || (isBeside && paths.length > 1 && PAPERS.test(name))) leftOut.push(path);
    else if (folders.length === 0) {
      return refuse(
        `cannot be used: "${path}" lies in no folder. Put the files of each class into a folder with the name of the class`,
      );
    } else if (isBeside) {
      return refuse(
        `cannot be used: "${path}" lies beside other folders. Put the files of each class into one folder with the name of the class`,
      );
    } else files.push({ path, label: folders.at(-1) ?? '', part: partNamed(folders.at(-2) ?? '') });
  }
  if (files.length === 0) return refuse('holds no files in folders');
  const measured = measuredPart(new Set(files.map(({ part }) => part)));
  // Without a part to measure on, or to train on, the names of those folders say nothing.
  if (measured === null) return { ok: true, files: files.map((file) => ({ ...file, part: null })), leftOut };
  const [other, used] = [[] as string[], [] as ClassedPath[]];
  for (const file of files) {
    if (file.part === measured || file.part === 'train' || file.part === null) used.push(file);
    else other.push(file.path);
  }
  return { ok: true, files: used, leftOut: [...leftOut, ...other] };
}

const refuse = (message: string): Classed => ({ ok: false, message });

/** The folders that a file lies in, the outermost first. */
function ancestors(path: string): string[] {
  const folders = path.split('/').slice(0, -1);
  return folders.map((_, index) => folders.slice(0, index + 1).join('/'));
}
