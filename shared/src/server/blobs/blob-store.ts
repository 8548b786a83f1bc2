import type { Readable } from 'node:stream';
import type { BlobHash } from '../../model/ids.ts';

export type StoredBlob = { hash: BlobHash; size: number };

/** Bytes that lie beside their place: to be kept or dropped. */
export type ReceivedBlob = { ok: true } & StoredBlob & { keep(): Promise<void>; drop(): Promise<void> };

/** Why bytes were not stored; each has a sentence for the user in `message`. */
export type BlobRefusal = {
  ok: false;
  code: 'hash-mismatch' | 'too-large' | 'disk-full';
  message: string;
};

/**
 * Bytes by their SHA-256. A blob is there whole or not at all: it is written
 * beside its place, synced, and renamed. Storing one twice costs nothing.
 */
export interface BlobStore {
  /**
   * Streams bytes in, in constant memory; with `expect`, only these bytes are
   * taken. Looks at the disk again while it writes, and stops with `disk-full`
   * where less than `keepFree` bytes of it would be left.
   */
  write(
    bytes: Readable,
    options: { maxBytes: number; expect?: BlobHash; keepFree?: number },
  ): Promise<({ ok: true } & StoredBlob) | BlobRefusal>;
  /** The same, but they are not at their place before they are kept, which can be done in the blob's turn. */
  receive(
    bytes: Readable,
    options: { maxBytes: number; keepFree?: number },
  ): Promise<ReceivedBlob | BlobRefusal>;
  /** Moves a finished file in; the caller has hashed it. */
  adopt(file: string, blob: StoredBlob): Promise<void>;
  /** `range` in bytes, both ends inclusive. Rejects with ENOENT when the blob is not there. */
  read(hash: BlobHash, range?: { start: number; end: number }): Readable;
  /** The same, in memory that is used again: a block is there until the next but one is asked for. */
  blocks(hash: BlobHash, range: { start: number; end: number }): AsyncIterable<Buffer>;
  /** Bytes of the blob, null when it is not there. */
  size(hash: BlobHash): Promise<number | null>;
  delete(hash: BlobHash): Promise<void>;
  /** A path at which local programs (ffmpeg, sharp) may read the blob. */
  localPath(hash: BlobHash): string;
  /** Bytes that may still be written on this disk. */
  freeBytes(): Promise<number>;
}
