import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Entry } from './small-image.ts';

/** What handlers and the test itself need none of, and what weighs most. */
const LEFT_OUT =
  /^(test|tests|idlelib|lib2to3|tkinter|turtledemo|ensurepip|pydoc_data|distutils|__pycache__)$/;

/** The Python of this machine with its libraries, as entries of an image: about 20 MB. */
export function pythonEntries(): Entry[] {
  const python = realpathSync('/usr/bin/python3');
  const linked = execFileSync('ldd', [python], { encoding: 'utf8' });
  const libraries = [...linked.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
  const library = execFileSync(python, ['-c', 'import json; print(json.__path__[0])'], { encoding: 'utf8' });
  const files = [...libraries, ...filesIn(dirname(library.trim()))];
  return [
    { name: 'usr/bin/python3', mode: 0o755, content: readFileSync(python) },
    ...files.map((path): Entry => ({ name: path.slice(1), mode: 0o755, content: readFileSync(path) })),
  ];
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return LEFT_OUT.test(entry.name) ? [] : filesIn(path);
    return entry.isFile() && /\.(py|so)$/.test(entry.name) ? [path] : [];
  });
}
