import { setMaxListeners } from 'node:events';
import { link, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheKey } from '@parallel-pilot/shared/files/cache-key.ts';
import { chunkInputsOf } from '@parallel-pilot/shared/kinds/registry.ts';
import { CHECKPOINT } from '@parallel-pilot/shared/model/checkpoint.ts';
import { FAILURES } from '@parallel-pilot/shared/model/failures.ts';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { RelativePath } from '@parallel-pilot/shared/model/path.ts';
import type { Assign } from '@parallel-pilot/shared/protocol/workers.ts';
import type { Log } from '../log.ts';
import type { BlobAddress } from './blob-address.ts';
import { BlobCache, type CacheChange } from './blob-cache.ts';
import { Downloads, type FetchTrouble } from './downloads.ts';
import { KeptResults } from './kept-results.ts';
import { type StageFolder, StageFolders } from './stage-folders.ts';
import type { Source } from './upload.ts';

/** `release` says that the chunk needs its inputs no more; to be called once. */
export type Prepared = { ok: true; folder: string; release: () => void } | Failure;
type Failure = FetchTrouble;

export type AssetsOptions = {
  cacheFolder: string;
  /** For the folders that programs see; on the file system of the cache, so that files are linked. */
  stageRoot: string;
  limitBytes: number;
  address: BlobAddress;
  log: Log;
  /** Milliseconds without a new byte after which a download is given up; ten minutes when left out. */
  giveUpMs?: number;
  onChange(change: CacheChange): void;
};

/** The inputs of chunks: fetched by hash, kept, and laid out as their job has them. */
export class Assets {
  readonly cache: BlobCache;
  readonly #downloads: Downloads;
  readonly #folders: StageFolders;
  readonly #address: BlobAddress;
  readonly #results = new KeptResults();

  private constructor(cache: BlobCache, folders: StageFolders, options: AssetsOptions) {
    this.cache = cache;
    this.#folders = folders;
    this.#downloads = new Downloads(cache, options.log, options.giveUpMs);
    this.#address = options.address;
  }

  static async open(options: AssetsOptions): Promise<Assets> {
    await mkdir(options.stageRoot, { recursive: true });
    const folders: StageFolders = new StageFolders(options.stageRoot, () => cache);
    const cache: BlobCache = await BlobCache.open({
      folder: options.cacheFolder,
      limitBytes: options.limitBytes,
      log: options.log,
      onChange: options.onChange,
      onEvict: (hash) => folders.forget(hash),
    });
    return new Assets(cache, folders, options);
  }

  /** Gets a chunk's inputs into one folder. Fails as `canceled` soon after the signal aborts. */
  async prepare(assign: Assign, signal: AbortSignal): Promise<Prepared> {
    const { checkpoint } = assign;
    const own = [
      ...chunkInputsOf(assign.kind, assign.stageName, assign.chunkSpec),
      ...(checkpoint === undefined ? [] : [{ path: RelativePath.parse(CHECKPOINT.path), ...checkpoint }]),
    ];
    const folder = this.#folders.enter(assign, own);
    const leave = () => this.#folders.leave(folder);
    try {
      if (folder.laid === null) {
        const problem = await this.#bring(folder, assign, signal);
        if (problem !== null) {
          leave();
          return problem;
        }
      }
      await this.#folders.layOut(folder);
      return { ok: true, folder: folder.path, release: leave };
    } catch (error) {
      leave();
      return diskProblem(error);
    }
  }

  /**
   * Keeps a file that a chunk of the stage has made here for those of the stages after it. It was hashed since any process
   * of the chunk could change it.
   */
  async keep(
    assign: Pick<Assign, 'job' | 'stage' | 'stageName' | 'cacheScope'>,
    { hash, size }: { hash: BlobHash; size: number },
    source: Source,
  ): Promise<void> {
    const key = cacheKey(assign.cacheScope, hash);
    this.cache.forget(this.#results.note(assign, key));
    if (this.cache.has(key)) return;
    const file = join(this.cache.partialFolder, `${key}-made`);
    await rm(file, { force: true });
    if (Buffer.isBuffer(source)) await writeFile(file, source, { mode: 0o600 });
    else await link(source, file);
    await this.cache.adopt(key, size, file);
  }

  /** Fetches what the cache lacks; the first file that cannot be had ends the wait for the others. */
  async #bring(folder: StageFolder, access: Assign, signal: AbortSignal): Promise<Failure | null> {
    const enough = new AbortController();
    const stop = AbortSignal.any([signal, enough.signal]);
    setMaxListeners(0, stop);
    let problem: Failure | null = null;
    const bring = async ([key, { hash, size }]: [BlobHash, { hash: BlobHash; size: number }]) => {
      if (await this.cache.isIntact({ key, hash, size })) return;
      const url = () => this.#address(hash, access);
      const fetched = await this.#downloads.fetch({ key, hash, size }, { url, signal: stop });
      if (fetched.ok) return;
      problem ??= fetched;
      enough.abort();
    };
    await Promise.all([...folder.blobs].map(bring));
    return problem;
  }
}

function diskProblem(error: unknown): Failure {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return { ok: false, code: 'disk-full', message: FAILURES['disk-full'].sentence };
  }
  const why = `The files of the job could not be laid out on the worker: ${message}`;
  return { ok: false, code: 'unexpected', message: why };
}
