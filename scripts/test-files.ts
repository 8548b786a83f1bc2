import { globSync } from 'node:fs';

export type TestFiles = { quick: string[]; endToEnd: string[] };

const quickGlobs = [
  '{shared,sandbox,images,load-balancer,worker,client-backend,client-frontend,cli,examples}/**/*.test.{ts,tsx}',
  'scripts/**/*.test.{ts,mjs}',
  'tests/**/*.test.ts',
];

/** The test files below `root` whose path contains one of `filters` (all of them where there is none). */
export function findTestFiles(root: string, filters: readonly string[]): TestFiles {
  const found = globSync(quickGlobs, {
    cwd: root,
    exclude: (path) => /(^|\/)(node_modules|dist)$/.test(path),
  })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => filters.length === 0 || filters.some((filter) => path.includes(filter)))
    .sort();
  const isEndToEnd = (path: string) => path.startsWith('tests/e2e/');
  return { quick: found.filter((path) => !isEndToEnd(path)), endToEnd: found.filter(isEndToEnd) };
}
