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
  const kept = (name: string) => keep(config.dataFolder, name, token(random));
  return {
    workerToken: config.secrets.workerToken ?? (await kept('worker-token')),
    controlToken: config.secrets.controlToken ?? (await kept('control-token')),
    signingKey: config.secrets.signingKey ?? (await kept('signing-key')),
  };
}

/** The SHA-256 of the one key of an older farm; null where there is none. New ones are in the database. */
export async function findOwnerKey(dataFolder: string): Promise<string | null> {
  const file = join(dataFolder, 'secrets', 'owner-key-sha256');
  return (await readFile(file, 'utf8').catch(ignoreMissing))?.trim() ?? null;
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Compares secrets of any length in constant time. */
export const sameSecret = (a: string, b: string): boolean =>
  timingSafeEqual(Buffer.from(sha256(a)), Buffer.from(sha256(b)));

const token = (random: RandomBytes): string => Buffer.from(random(24)).toString('base64url');

// Both servers may start at once on an empty folder: the file appears whole or not at all, and the first one wins.
async function keep(dataFolder: string, name: string, fresh: string): Promise<string> {
  const folder = join(dataFolder, 'secrets');
  const file = join(folder, name);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const existing = await readFile(file, 'utf8').catch(ignoreMissing);
  if (existing !== undefined) return existing.trim();
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, `${fresh}\n`, { mode: 0o600 });
  await link(draft, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(draft);
  return (await readFile(file, 'utf8')).trim();
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
