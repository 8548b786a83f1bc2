import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keptSecret, type SecretName } from '../files/kept-secret.ts';
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
  const kept = (name: SecretName) => keptSecret(config.dataFolder, name, random);
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

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
