import { globSync } from 'node:fs';

/** `dear`: what starts whole farms and browsers and waits for them, the dearest first. `light`: all others. */
export type TestFiles = { dear: string[]; light: string[] };

/** In which order; of one folder by name. */
const DEAR = ['tests/e2e/', 'tests/security/', 'tests/docs/', 'worker/src/kinds/', 'load-balancer/tests/'];

const globs = [
  '{shared,sandbox,images,load-balancer,worker,client-backend,client-frontend,cli,examples}/**/*.test.{ts,tsx}',
  'scripts/**/*.test.{ts,mjs}',
  'tests/**/*.test.ts',
];

/** The test files below `root` whose path contains one of `filters` (all of them where there is none). */
export function findTestFiles(root: string, filters: readonly string[]): TestFiles {
  const found = globSync(globs, {
    cwd: root,
    exclude: (path) => /(^|\/)(node_modules|dist)$/.test(path),
  })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => filters.length === 0 || filters.some((filter) => path.includes(filter)))
    .sort();
  const isDear = (path: string) => DEAR.some((folder) => path.startsWith(folder));
  const dear = DEAR.flatMap((folder) => found.filter((path) => path.startsWith(folder)));
  return { dear, light: found.filter((path) => !isDear(path)) };
}
