import { createHash, timingSafeEqual } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RandomBytes } from '../model/ids.ts';
import type { ServerConfig } from './config.ts';

export type Secrets = {
  /** Lets a machine join as a worker, and nothing else. */
  workerToken: string;
  /** Lets the backend speak to the balancer. */
  controlToken: string;
  /** Signs blob addresses of leases. */
  signingKey: string;
};

/** Reads the farm's secrets, making those that are not there yet: one file each, mode 0600, under `<data>/secrets`. */
export async function readSecrets(config: ServerConfig, random: RandomBytes): Promise<Secrets> {
  const kept = async (name: string) => (await keep(config.dataFolder, name, token(random))).value;
  return {
    workerToken: config.secrets.workerToken ?? (await kept('worker-token')),
    controlToken: config.secrets.controlToken ?? (await kept('control-token')),
    signingKey: config.secrets.signingKey ?? (await kept('signing-key')),
  };
}

/**
 * The owner's key, of which only the SHA-256 is kept. `fresh` is the key itself
 * on the very first call, to be shown once; null ever after.
 */
export async function readOwnerKey(
  dataFolder: string,
  random: RandomBytes,
): Promise<{ hash: string; fresh: string | null }> {
  const key = token(random);
  const { value, made } = await keep(dataFolder, 'owner-key-sha256', sha256(key));
  return { hash: value, fresh: made ? key : null };
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Compares secrets of any length in constant time. */
export const sameSecret = (a: string, b: string): boolean =>
  timingSafeEqual(Buffer.from(sha256(a)), Buffer.from(sha256(b)));

const token = (random: RandomBytes): string => Buffer.from(random(24)).toString('base64url');

// Both servers may start at once on an empty folder: the file appears whole or not at all, and the first one wins.
async function keep(
  dataFolder: string,
  name: string,
  fresh: string,
): Promise<{ value: string; made: boolean }> {
  const folder = join(dataFolder, 'secrets');
  const file = join(folder, name);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const existing = await readFile(file, 'utf8').catch(ignoreMissing);
  if (existing !== undefined) return { value: existing.trim(), made: false };
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, `${fresh}\n`, { mode: 0o600 });
  const made = await link(draft, file).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false;
      throw error;
    },
  );
  await rm(draft);
  return { value: (await readFile(file, 'utf8')).trim(), made };
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
