import { rmSync } from 'node:fs';
import { lstat, mkdir, readdir, rename, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import type { Log } from '../log.ts';
import { hashOf } from './upload.ts';

export type CacheChange = { added: BlobHash[]; removed: BlobHash[] };

export type BlobCacheOptions = {
  folder: string;
  limitBytes: number;
  log: Log;
  onChange(change: CacheChange): void;
  /** Called before a blob's file goes, so that links to it go too. */
  onEvict(hash: BlobHash): void;
};

/** `seen`: its bytes were looked at by this process. */
type Blob = { size: number; persistedAt: number; seen: boolean };
/** `key`: how the cache calls it. */
export type CachedBlob = { key: BlobHash; hash: BlobHash; size: number };

/**
 * Time of modification of every cached file. Files are linked, not copied, into
 * the folders that programs see; a program that writes into one shows by this.
 */
const UNTOUCHED = new Date('2001-01-01T00:00:00Z');
const PERSIST_USE_AFTER_MS = 10 * 60_000;

/**
 * Blobs by their cache keys in one folder, the least recently used evicted above the limit; pinned ones never. Nothing is
 * synced to the medium: what an earlier process left is hashed before it is used, so a power cut costs a download.
 */
export class BlobCache {
  /** Least recently used first. */
  readonly #blobs = new Map<BlobHash, Blob>();
  /** Also of blobs that are still to come. */
  readonly #pins = new Map<BlobHash, number>();
  readonly #options: BlobCacheOptions;
  #bytes = 0;

  private constructor(options: BlobCacheOptions) {
    this.#options = options;
  }

  static async open(options: BlobCacheOptions): Promise<BlobCache> {
    const cache = new BlobCache(options);
    await mkdir(cache.partialFolder, { recursive: true });
    await removeStale(cache.partialFolder);
    const found: { hash: BlobHash; size: number; usedAt: number }[] = [];
    for (const name of await readdir(options.folder)) {
      const hash = BlobHash.safeParse(name);
      if (!hash.success) continue;
      const { size, atimeMs } = await lstat(join(options.folder, name));
      found.push({ hash: hash.data, size, usedAt: atimeMs });
    }
    for (const { hash, size, usedAt } of found.sort((a, b) => a.usedAt - b.usedAt)) {
      cache.#blobs.set(hash, { size, persistedAt: usedAt, seen: false });
      cache.#bytes += size;
    }
    cache.makeRoom(0);
    return cache;
  }

  /** Where downloads under way are kept, also over a restart. */
  get partialFolder(): string {
    return join(this.#options.folder, 'partial');
  }

  /** Most recently used first. */
  get hashes(): BlobHash[] {
    return [...this.#blobs.keys()].reverse();
  }

  has(hash: BlobHash): boolean {
    return this.#blobs.has(hash);
  }

  pathOf(hash: BlobHash): string {
    return join(this.#options.folder, hash);
  }

  /** True when the blob's file is there and as it was when it came; drops it otherwise. */
  async isIntact({ key, hash, size }: CachedBlob): Promise<boolean> {
    const blob = this.#blobs.get(key);
    if (blob === undefined) return false;
    const stats = await lstat(this.pathOf(key)).catch(() => null);
    const untouched = stats?.size === size && stats.mtimeMs === UNTOUCHED.getTime();
    if (untouched && (blob.seen || (await hashOf(this.pathOf(key), size).catch(() => null)) === hash)) {
      blob.seen = true;
      return true;
    }
    // It may have gone, or come anew, while it was looked at.
    if (this.#blobs.get(key) !== blob) return false;
    this.#options.log.warn(
      { event: 'cache.damaged', hash: key },
      'A cached file was changed by someone; it is fetched again.',
    );
    this.#drop(key);
    return false;
  }

  /** Takes over a file by renaming it. Nobody could have changed it since it was verified. */
  async adopt(hash: BlobHash, size: number, from: string): Promise<void> {
    await utimes(from, new Date(), UNTOUCHED);
    await rename(from, this.pathOf(hash));
    if (!this.#blobs.has(hash)) this.#bytes += size;
    this.#blobs.set(hash, { size, persistedAt: Date.now(), seen: true });
    this.#options.onChange({ added: [hash], removed: [] });
    this.makeRoom(0);
  }

  pin(hash: BlobHash): void {
    this.#pins.set(hash, (this.#pins.get(hash) ?? 0) + 1);
  }

  /** The blob was used until now. */
  unpin(hash: BlobHash): void {
    const left = (this.#pins.get(hash) ?? 0) - 1;
    if (left > 0) this.#pins.set(hash, left);
    else this.#pins.delete(hash);
    const blob = this.#blobs.get(hash);
    if (blob === undefined) return;
    this.#blobs.delete(hash);
    this.#blobs.set(hash, blob);
    const now = Date.now();
    if (now - blob.persistedAt < PERSIST_USE_AFTER_MS) return;
    blob.persistedAt = now;
    // The order only matters for the next start, so its loss does no harm.
    utimes(this.pathOf(hash), new Date(now), UNTOUCHED).catch(() => {});
  }

  /** Evicts until so many bytes more fit under the limit, or nothing more can go. `Infinity` frees all it can. */
  makeRoom(bytes: number): void {
    for (const hash of [...this.#blobs.keys()]) {
      if (this.#bytes + bytes <= this.#options.limitBytes) return;
      if (!this.#pins.has(hash)) this.#drop(hash);
    }
  }

  /** Drops those that nothing under way needs: the farm has no use for them any more. */
  forget(hashes: readonly BlobHash[]): void {
    for (const hash of hashes) if (!this.#pins.has(hash)) this.#drop(hash);
  }

  /** Done at once: a file of the same name may be on its way here. */
  #drop(hash: BlobHash): void {
    const blob = this.#blobs.get(hash);
    if (blob === undefined) return;
    this.#blobs.delete(hash);
    this.#bytes -= blob.size;
    this.#options.onEvict(hash);
    this.#options.onChange({ added: [], removed: [hash] });
    rmSync(this.pathOf(hash), { force: true });
  }
}

/** A download that nobody took up again for a day is of no use. */
async function removeStale(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const { mtimeMs } = await lstat(path);
    if (Date.now() - mtimeMs > 24 * 3_600_000) await rm(path, { recursive: true, force: true });
  }
}
