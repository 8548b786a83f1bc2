import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const script = fileURLToPath(new URL('make-blends.py', import.meta.url));

export type Blends = { path(name: string): string; remove(): Promise<void> };

/** Small .blend files for tests, made by the real Blender, the damaged ones by hand from them. */
export async function makeBlends(): Promise<Blends> {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-blends-'));
  await promisify(execFile)('blender', [
    '-b',
    '--factory-startup',
    '--python-exit-code',
    '1',
    '--python',
    script,
    '--',
    folder,
  ]);
  const quick = await readFile(join(folder, 'quick.blend'));
  await writeFile(join(folder, 'truncated.blend'), quick.subarray(0, Math.floor(quick.length / 2)));
  await writeFile(
    join(folder, 'not-a-blend.blend'),
    'This is a text file that somebody renamed.\n'.repeat(100),
  );
  const newer = Buffer.from(quick);
  newer.write('BLENDER-v999', 0, 'latin1');
  await writeFile(join(folder, 'newer.blend'), newer);
  return {
    path: (name) => join(folder, `${name}.blend`),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

const scenes = fileURLToPath(new URL('../../../shared/scenes/', import.meta.url));
/** A .blend made by a stranger, null in a clone that has no such folder beside it. */
export const strangersScene = (name: string): string | null => {
  const path = join(scenes, name);
  return existsSync(path) ? path : null;
};
