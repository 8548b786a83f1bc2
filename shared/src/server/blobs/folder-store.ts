import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat, statfs } from 'node:fs/promises';
import { IncomingMessage } from 'node:http';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { BlockWriter, blocksOf, letGo } from '../../files/blocks.ts';
import type { BlobHash } from '../../model/ids.ts';
import type { BlobRefusal, BlobStore, ReceivedBlob, StoredBlob } from './blob-store.ts';

/**
 * Blobs in a folder: `ab/cdef…` for the blob with hash abcdef…, and `incoming/`
 * for what is being written, emptied here of what a killed process left. One
 * process at a time may own the folder.
 */
export async function createFolderStore(folder: string): Promise<BlobStore> {
  const localPath = (hash: BlobHash) => join(folder, hash.slice(0, 2), hash.slice(2));
  const place: Place = { pathOf: localPath, incoming: join(folder, 'incoming'), made: new Set() };
  await rm(place.incoming, { recursive: true, force: true });
  await mkdir(place.incoming, { recursive: true });
  const store: BlobStore = {
    localPath,
    write: (bytes, options) => write(place, bytes, { ...options, freeBytes: () => store.freeBytes() }),
    receive: (bytes, options) => receive(place, bytes, { ...options, freeBytes: () => store.freeBytes() }),
    adopt: (file, blob) => settle(place, file, blob.hash),
    read: (hash, range) => createReadStream(localPath(hash), { ...range, highWaterMark: 256 * 1024 }),
    blocks: (hash, range) => blocksOf(localPath(hash), range.end + 1 - range.start, range),
    size: (hash) => sizeOf(localPath(hash)),
    delete: (hash) => rm(localPath(hash), { force: true }),
    async freeBytes() {
      const disk = await statfs(folder);
      return disk.bavail * disk.bsize;
    },
  };
  return store;
}

/** The sentence for a disk without room, the same wherever bytes come in. */
export const DISK_FULL: BlobRefusal = {
  ok: false,
  code: 'disk-full',
  message: 'The disk of the farm is full. Free some space on it, or delete old jobs, then try again.',
};

export const isDiskFull = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');

type Place = { pathOf: (hash: BlobHash) => string; incoming: string; made: Set<string> };
type Options = {
  maxBytes: number;
  expect?: BlobHash;
  keepFree?: number;
  freeBytes: () => Promise<number>;
};

const CHECK_EVERY_BYTES = 64 * 1024 ** 2;
/** Others write at the same time: a small part of the room that is left is written before the next look. */
const CHECK_EVERY_SHARE = 16;

async function write(place: Place, bytes: Readable, options: Options) {
  const file = join(place.incoming, randomUUID());
  // Bytes may break off before they are read, which without a listener would end the process. Reading them tells.
  bytes.on('error', () => {});
  try {
    if (options.maxBytes <= SMALL) return await writeSmall(place, file, bytes, options);
    const written = await writeFile(file, bytes, options);
    if (written.ok) await settle(place, file, written.hash);
    else await rm(file, { force: true });
    return written;
  } catch (error) {
    await rm(file, { force: true });
    if (isDiskFull(error)) return DISK_FULL;
    throw error;
  }
}

async function receive(place: Place, bytes: Readable, options: Options): Promise<ReceivedBlob | BlobRefusal> {
  const file = join(place.incoming, randomUUID());
  bytes.on('error', () => {});
  const drop = () => rm(file, { force: true });
  try {
    const written = await writeFile(file, bytes, options);
    if (written.ok) return { ...written, keep: () => settle(place, file, written.hash), drop };
    await drop();
    return written;
  } catch (error) {
    await drop();
    if (isDiskFull(error)) return DISK_FULL;
    throw error;
  }
}

/** Where no more may come, the bytes are held, and written if they are not here already. */
const SMALL = 65_536;

async function writeSmall(
  place: Place,
  file: string,
  bytes: Readable,
  { maxBytes, expect, keepFree = 0, freeBytes }: Options,
): Promise<({ ok: true } & StoredBlob) | BlobRefusal> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of bytes as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > maxBytes) return tooLarge(maxBytes);
    pieces.push(piece);
  }
  const whole = Buffer.concat(pieces);
  const hash = createHash('sha256').update(whole).digest('hex') as BlobHash;
  if (expect !== undefined && hash !== expect) return mismatch(expect, hash);
  const stored = { ok: true, hash, size } as const;
  if ((await sizeOf(place.pathOf(hash))) !== null) return stored;
  if ((await freeBytes()) - keepFree < size) return DISK_FULL;
  const handle = await open(file, 'wx', 0o600);
  try {
    await writeAll(handle, whole);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await giveName(place, file, hash);
  return stored;
}

async function writeFile(
  path: string,
  bytes: Readable,
  { maxBytes, expect, keepFree, freeBytes }: Options,
): Promise<({ ok: true } & StoredBlob) | BlobRefusal> {
  const file = await open(path, 'wx', 0o600);
  try {
    const hash = createHash('sha256');
    let size = 0;
    let checkAt = keepFree === undefined ? Number.POSITIVE_INFINITY : 0;
    const writer = new BlockWriter(file, { size: maxBytes, onWritten: (block) => hash.update(block) });
    // What somebody else gave may be used on.
    const ours = bytes instanceof IncomingMessage;
    for await (const chunk of bytes as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) return tooLarge(maxBytes);
      if (size > checkAt) {
        const room = (await freeBytes()) - (keepFree ?? 0);
        if (room < chunk.length) return DISK_FULL;
        checkAt = size + Math.min(CHECK_EVERY_BYTES, room / CHECK_EVERY_SHARE);
      }
      await writer.add(chunk);
      if (ours) letGo(chunk);
    }
    await writer.flush();
    const found = hash.digest('hex') as BlobHash;
    if (expect !== undefined && found !== expect) return mismatch(expect, found);
    return { ok: true, hash: found, size };
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, chunk: Buffer): Promise<void> {
  let done = 0;
  while (done < chunk.length) done += (await file.write(chunk, done)).bytesWritten;
}

// The content is on the disk before its name is, and the name before anyone is told. What is here already, as
// pixels that are equal often are, need not reach the disk once more.
async function settle(place: Place, file: string, hash: BlobHash): Promise<void> {
  if ((await sizeOf(place.pathOf(hash))) !== null) return rm(file, { force: true });
  await sync(file);
  await giveName(place, file, hash);
}

async function giveName(place: Place, file: string, hash: BlobHash): Promise<void> {
  const target = place.pathOf(hash);
  const parent = dirname(target);
  if (!place.made.has(parent)) {
    await mkdir(parent, { recursive: true });
    place.made.add(parent);
  }
  await rename(file, target);
  await sync(parent);
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

const mismatch = (expect: BlobHash, found: BlobHash): BlobRefusal => ({
  ok: false,
  code: 'hash-mismatch',
  message: `The bytes that arrived are not those announced: their SHA-256 is ${found}, not ${expect}.`,
});

const tooLarge = (maxBytes: number): BlobRefusal => ({
  ok: false,
  code: 'too-large',
  message: `The file is larger than ${maxBytes.toLocaleString('en')} bytes, the most that is taken here.`,
});
