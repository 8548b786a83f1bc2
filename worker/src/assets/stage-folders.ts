import { createHash } from 'node:crypto';
import { existsSync, linkSync, mkdirSync } from 'node:fs';
import { copyFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { cacheKey } from '@parallel-pilot/shared/files/cache-key.ts';
import type { BlobHash, JobId, StageId } from '@parallel-pilot/shared/model/ids.ts';
import type { StageInput } from '@parallel-pilot/shared/protocol/stage-input.ts';
import type { Assign } from '@parallel-pilot/shared/protocol/workers.ts';
import type { BlobCache } from './blob-cache.ts';

export type StageFolder = {
  readonly id: string;
  readonly path: string;
  readonly inputs: readonly StageInput[];
  /** Keeps a team's files apart in the cache. */
  readonly scope: string;
  /** By their cache keys. */
  readonly blobs: ReadonlyMap<BlobHash, { hash: BlobHash; size: number }>;
  users: number;
  /** Files are in their places; null while they are not. */
  laid: Promise<void> | null;
};

/** Folders that no held chunk uses are kept for the next one of their job, so many of them. */
const MOST_UNUSED = 8;

/** So many files are linked without a turn for others: each that asked Node's thread pool would take several times as long. */
const AT_ONCE = 100;

/**
 * One folder for each set of inputs of a job, with the files linked from the
 * cache under their own paths. Chunks of the job with equal inputs share it, and
 * its path is always the same, so that a program which has it open stays right.
 */
export class StageFolders {
  /** Least recently used first. */
  readonly #folders = new Map<string, StageFolder>();
  readonly #ids = new Map<StageId, string>();
  readonly #removals = new Map<string, Promise<void>>();
  readonly #root: string;
  readonly #cache: () => BlobCache;

  constructor(root: string, cache: () => BlobCache) {
    this.#root = root;
    this.#cache = cache;
  }

  /** Holds the folder of a stage's inputs and of those of one chunk `own`, and pins their blobs until `leave`. */
  enter(
    stage: Pick<Assign, 'job' | 'stage' | 'inputs' | 'cacheScope'>,
    own: readonly StageInput[],
  ): StageFolder {
    const inputs = own.length === 0 ? stage.inputs : [...stage.inputs, ...own];
    const id = own.length === 0 ? this.#setOf(stage) : setId(stage.job, inputs);
    const known = this.#folders.get(id);
    const folder = known ?? {
      id,
      path: join(this.#root, id),
      inputs,
      scope: stage.cacheScope,
      blobs: new Map(inputs.map(({ hash, size }) => [cacheKey(stage.cacheScope, hash), { hash, size }])),
      users: 0,
      laid: null,
    };
    if (folder.users === 0) for (const key of folder.blobs.keys()) this.#cache().pin(key);
    folder.users += 1;
    this.#folders.delete(id);
    this.#folders.set(id, folder);
    return folder;
  }

  /** A stage's inputs never change, so their name is worked out once. */
  #setOf({ job, stage, inputs }: Pick<Assign, 'job' | 'stage' | 'inputs'>): string {
    const id = this.#ids.get(stage) ?? setId(job, inputs);
    this.#ids.delete(stage);
    this.#ids.set(stage, id);
    const oldest = this.#ids.keys().next();
    if (this.#ids.size > 100 && !oldest.done) this.#ids.delete(oldest.value);
    return id;
  }

  leave(folder: StageFolder): void {
    folder.users -= 1;
    if (folder.users > 0) return;
    for (const key of folder.blobs.keys()) this.#cache().unpin(key);
    const unused = [...this.#folders.values()].filter((it) => it.users === 0);
    for (const old of unused.slice(0, Math.max(0, unused.length - MOST_UNUSED))) this.#remove(old);
  }

  /** Puts the files in their places, once; all blobs must be in the cache. */
  layOut(folder: StageFolder): Promise<void> {
    folder.laid ??= this.#lay(folder).catch((error) => {
      folder.laid = null;
      throw error;
    });
    return folder.laid;
  }

  /** Removes the unused folders that link to the blob, since the blob goes. */
  forget(hash: BlobHash): void {
    for (const folder of [...this.#folders.values()]) {
      if (folder.users === 0 && folder.blobs.has(hash)) this.#remove(folder);
    }
  }

  async #lay(folder: StageFolder): Promise<void> {
    await this.#removals.get(folder.id);
    if (existsSync(folder.path)) await rm(folder.path, { recursive: true, force: true });
    const made = new Set<string>();
    for (const [index, { path, hash }] of folder.inputs.entries()) {
      if (index % AT_ONCE === AT_ONCE - 1) await turn();
      const target = join(folder.path, path);
      if (!made.has(dirname(target))) mkdirSync(dirname(target), { recursive: true });
      made.add(dirname(target));
      await linkOrCopy(this.#cache().pathOf(cacheKey(folder.scope, hash)), target);
    }
    mkdirSync(folder.path, { recursive: true });
  }

  #remove(folder: StageFolder): void {
    this.#folders.delete(folder.id);
    const before = this.#removals.get(folder.id) ?? Promise.resolve();
    const removal = before
      .then(() => rm(folder.path, { recursive: true, force: true, maxRetries: 3 }))
      .catch(() => {})
      .finally(() => {
        if (this.#removals.get(folder.id) === removal) this.#removals.delete(folder.id);
      });
    this.#removals.set(folder.id, removal);
  }
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    linkSync(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EEXIST') throw error;
    await copyFile(from, to);
  }
}

function setId(job: JobId, inputs: readonly StageInput[]): string {
  const lines = inputs.map(({ path, hash }) => `${path}\0${hash}\n`).sort();
  return createHash('sha256').update(`${job}\n`).update(lines.join('')).digest('hex').slice(0, 32);
}
