import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { lockHash } from './npm-packages.mjs';
import { cloneEnv, node24, root } from './places.mjs';
import { print, runQuietly } from './print.mjs';
import { readStamp, writeStamp } from './stamp.mjs';

const sources = [
  'client-frontend/src',
  'client-frontend/public',
  'client-frontend/index.html',
  'client-frontend/vite.config.ts',
  'client-frontend/package.json',
  'shared/src',
];

/** Builds the site when its sources have changed since the last time, or there is nothing built. */
export async function site() {
  if (!existsSync(join(root, 'client-frontend/index.html'))) {
    print('The site is skipped: client-frontend has no index.html yet.');
    return;
  }
  // Taken before the build: a file saved during it is then built the next time.
  const now = fingerprint();
  const built = existsSync(join(root, 'client-frontend/dist/index.html'));
  if (built && readStamp('site') === now) return;
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  await runQuietly('Building the site', [node24, vite, 'build'], {
    cwd: join(root, 'client-frontend'),
    env: cloneEnv(),
  });
  writeStamp('site', now);
}

function fingerprint() {
  const hash = createHash('sha256').update(lockHash());
  for (const source of sources) walk(join(root, source), (line) => hash.update(line));
  return hash.digest('hex');
}

function walk(path, add) {
  const entry = statSync(path, { throwIfNoEntry: false });
  if (entry === undefined) return;
  if (!entry.isDirectory()) return add(`${path}:${entry.size}:${entry.mtimeMs}\n`);
  for (const name of readdirSync(path).sort()) {
    if (!name.endsWith('.test.ts')) walk(join(path, name), add);
  }
}
