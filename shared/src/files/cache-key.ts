import { createHash } from 'node:crypto';
import type { BlobHash, TeamId } from '../model/ids.ts';

/** What a worker keeps apart in its cache: files of each team, which it is told by no name. */
export const cacheScopeOf = (team: TeamId): string =>
  createHash('sha256').update(`cache of ${team}`).digest('hex').slice(0, 32);

/**
 * How a file is called in a worker's cache, and in what it says of its cache. The same file of two teams has two
 * names, so neither finds it there sooner for the other's sake. Without a scope it is the hash itself.
 */
export const cacheKey = (scope: string, hash: BlobHash): BlobHash =>
  scope === '' ? hash : (createHash('sha256').update(`${scope} ${hash}`).digest('hex') as BlobHash);
