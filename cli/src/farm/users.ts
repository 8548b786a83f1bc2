import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive } from './presence.ts';

/**
 * Commands that use a farm they did not start: one empty file each under
 * `<data>/in-use`, named by the process. A farm started for one job stays up
 * until they have what they came for.
 */
export async function useFarm(dataFolder: string): Promise<{ release(): Promise<void> }> {
  const path = join(dataFolder, 'in-use', String(process.pid));
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
  await writeFile(path, '');
  return { release: () => rm(path, { force: true }) };
}

/** True while another process that lives uses the farm of this data folder. Files of dead ones are cleared away. */
export async function isFarmInUse(dataFolder: string): Promise<boolean> {
  const folder = join(dataFolder, 'in-use');
  const names = await readdir(folder).catch(() => []);
  const dead = names.filter((name) => !isAlive(Number(name)));
  await Promise.all(dead.map((name) => rm(join(folder, name), { force: true })));
  return names.length > dead.length;
}
