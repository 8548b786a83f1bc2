import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A file of the product's own code, by its path from the root, with the files of ours that it imports. */
export type SourceFile = { path: string; text: string; imports: string[] };

/** All TypeScript of a package but tests and what only tests use. */
export async function sourceFiles(name: string): Promise<SourceFile[]> {
  const folder = join(root, name, 'src');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !/\.(test|fixture)\.tsx?$|\/fixtures\//.test(path));
  return Promise.all(
    paths.map(async (path) => {
      const text = await readFile(join(root, path), 'utf8');
      return { path, text, imports: importsOf(path, text) };
    }),
  );
}

// Types too: what is only known by its type must be understood all the same.
function importsOf(path: string, text: string): string[] {
  const names = [
    ...text.matchAll(/^(?:import|export)\b[^'";]*?from '([^']+)'/gms),
    ...text.matchAll(/^import '([^']+)'/gm),
    ...text.matchAll(/\bimport\('([^']+)'\)/g),
  ].map(([, name = '']) => name);
  return names.flatMap((name) => {
    const [, owner, rest] = /^@parallel-pilot\/([^/]+)\/(.+)$/.exec(name) ?? [];
    const target = name.startsWith('.')
      ? join(dirname(path), name)
      : owner === undefined
        ? null
        : join(owner, 'src', rest ?? '');
    return target !== null && existsSync(join(root, target)) ? [target] : [];
  });
}
