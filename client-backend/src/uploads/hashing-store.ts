import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import type { StoredBlob } from '@parallel-pilot/shared/server/blobs/blob-store.ts';
import { isDiskFull } from '@parallel-pilot/shared/server/blobs/folder-store.ts';
import { FileStore } from '@tus/file-store';
import { Upload } from '@tus/server';
import { z } from 'zod';
import { NO_ROOM, SPARE_BYTES } from './no-room.ts';
import { type OpenUploadLimits, OpenUploads } from './open-uploads.ts';

/**
 * tus's file store, which also hashes what it writes: when the last byte is in,
 * the hash is known. A finished upload leaves `<id>.done` behind, which names
 * its blob, so that a client that missed the reply can still ask.
 */
export class HashingStore extends FileStore {
  readonly #hashes = new Map<string, Running>();
  readonly #limits: OpenUploadLimits;
  readonly #open: OpenUploads;

  constructor(directory: string, expirationMs: number, limits: OpenUploadLimits) {
    super({ directory, expirationPeriodInMilliseconds: expirationMs });
    // The size must be known at the start: its limit and the room on the disk are checked before the first byte.
    this.extensions = this.extensions.filter((name) => name !== 'creation-defer-length');
    this.#limits = limits;
    this.#open = new OpenUploads(limits);
  }

  /** Counts what earlier processes left unfinished. */
  async recover(): Promise<void> {
    for (const id of await readdir(this.directory)) {
      if (id.includes('.') || (await this.blobOf(id)) !== null) continue;
      const upload = await this.getUpload(id).catch(() => null);
      if (upload !== null) this.#open.resume(upload);
    }
  }

  override async create(upload: Upload): Promise<Upload> {
    await this.#open.open(upload);
    try {
      return await super.create(upload);
    } catch (error) {
      this.#open.close(upload.id);
      throw isDiskFull(error) ? NO_ROOM : error;
    }
  }

  /** Appends at `offset` and gives the new one; what arrived before an error stays. */
  override async write(readable: Readable, id: string, offset: number): Promise<number> {
    // A blob by now: whoever missed that may say again that nothing more is to come.
    if ((await this.blobOf(id)) !== null) {
      await readable.toArray();
      return offset;
    }
    const running = await this.#takeHash(id, offset);
    const file = await open(this.fileOf(id), 'r+');
    let checkAt = offset;
    try {
      for await (const chunk of readable as AsyncIterable<Buffer>) {
        if (running.offset >= checkAt) {
          if ((await this.#limits.freeBytes()) < SPARE_BYTES) throw NO_ROOM;
          checkAt = running.offset + CHECK_EVERY_BYTES;
        }
        await append(file, chunk, running);
      }
      return running.offset;
    } catch (error) {
      throw isDiskFull(error) ? NO_ROOM : error;
    } finally {
      await file.close();
      this.#hashes.set(id, running);
      this.#open.moved(id, running.offset);
    }
  }

  override async getUpload(id: string): Promise<Upload> {
    const done = await this.blobOf(id);
    if (done === null) return super.getUpload(id);
    const { metadata = {}, creation_date = '' } = (await this.configstore.get(id)) ?? {};
    return new Upload({ id, size: done.size, offset: done.size, metadata, creation_date });
  }

  override async remove(id: string): Promise<void> {
    this.#hashes.delete(id);
    this.#open.close(id);
    for (const path of [this.fileOf(id), this.#doneFile(id)]) await rm(path, { force: true });
    await this.configstore.delete(id).catch(ignoreMissing);
  }

  /** The hash of all of a complete upload; read once more from the file if this process did not see every byte. */
  async hashOf(id: string, size: number): Promise<BlobHash> {
    return (await this.#takeHash(id, size)).hash.digest('hex') as BlobHash;
  }

  /** The blob that a finished upload became; null while it is not finished. */
  async blobOf(id: string): Promise<StoredBlob | null> {
    const text = await readFile(this.#doneFile(id), 'utf8').catch(ignoreMissing);
    return text === undefined ? null : Done.parse(JSON.parse(text));
  }

  async finish(id: string, blob: StoredBlob): Promise<void> {
    const draft = `${this.#doneFile(id)}.draft`;
    await writeFile(draft, JSON.stringify(blob), { flush: true });
    await rename(draft, this.#doneFile(id));
    this.#open.close(id);
  }

  fileOf = (id: string): string => join(this.directory, id);
  #doneFile = (id: string): string => join(this.directory, `${id}.done`);

  // Taken out while it is used: a request that was cut and lingers cannot disturb the one that resumes.
  async #takeHash(id: string, offset: number): Promise<Running> {
    const kept = this.#hashes.get(id);
    this.#hashes.delete(id);
    if (kept?.offset === offset) return kept;
    const running: Running = { hash: createHash('sha256'), offset };
    if (offset === 0) return running;
    const bytes = createReadStream(this.fileOf(id), { end: offset - 1, highWaterMark: 1024 * 1024 });
    for await (const chunk of bytes) running.hash.update(chunk);
    return running;
  }
}

const CHECK_EVERY_BYTES = 64 * 1024 ** 2;

type Running = { hash: Hash; offset: number };
const Done = z.object({ hash: BlobHash, size: z.number() });

async function append(file: FileHandle, chunk: Buffer, running: Running): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    const { bytesWritten } = await file.write(chunk, done, chunk.length - done, running.offset);
    running.hash.update(chunk.subarray(done, done + bytesWritten));
    running.offset += bytesWritten;
    done += bytesWritten;
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
