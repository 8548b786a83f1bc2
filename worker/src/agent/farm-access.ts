import type { WorkerConfig } from '../config.ts';
import type { CredentialFile } from './credentials.ts';

/** By what the farm lets this worker in. */
export interface FarmAccess {
  /** The worker's own credential, or the token it was started with while it has none; null without either. */
  token(): string | null;
  /** The farm gave a credential for the token: kept before anything else, and used from the next connection on. */
  keep(credential: string): void;
  /** The farm does not know what was shown. True when there is something else to show. */
  fallBack(): boolean;
}

/** Throws an Error with a sentence when the file of credentials is damaged. */
export function accessTo(
  { join, token }: Pick<WorkerConfig, 'join' | 'token'>,
  file: CredentialFile,
): FarmAccess {
  let credential = file.get(join);
  return {
    token: () => credential ?? token,
    keep(given) {
      file.keep(join, given);
      credential = given;
    },
    // Not where it was revoked, of which the farm says so: a token that is still good must not bring the worker back.
    fallBack() {
      if (credential === null || token === null) return false;
      credential = null;
      return true;
    },
  };
}
