import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RandomBytes } from '../model/ids.ts';

export type SecretName = 'worker-token' | 'control-token' | 'signing-key';

/**
 * A secret of the farm, 192 bits, made where it is not there yet: `<data>/secrets/<name>`, mode 0600. Several processes
 * may ask at once on an empty folder: the file appears whole or not at all, and the first one wins.
 */
export async function keptSecret(dataFolder: string, name: SecretName, random: RandomBytes): Promise<string> {
  const folder = join(dataFolder, 'secrets');
  const file = join(folder, name);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const existing = await readFile(file, 'utf8').catch(ignoreMissing);
  if (existing !== undefined) return existing.trim();
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, `${Buffer.from(random(24)).toString('base64url')}\n`, { mode: 0o600 });
  await link(draft, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(draft);
  return (await readFile(file, 'utf8')).trim();
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
