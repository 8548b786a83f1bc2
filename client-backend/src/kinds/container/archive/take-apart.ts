import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { Image } from '@parallel-pilot/shared/kinds/container/image.ts';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import type { StoredBlob } from '@parallel-pilot/shared/server/blobs/blob-store.ts';
import type { Parts } from '../../../parts.ts';
import { SPARE_BYTES } from '../../../uploads/no-room.ts';
import { noteBlob } from '../../../uploads/note-blob.ts';
import { BadImage, NoRoom } from './bad-image.ts';
import { checkLayer, MOST_UNPACKED_BYTES } from './check-layer.ts';
import { findManifest, ImageConfig, parsed } from './manifest.ts';
import { type Members, type Range, readMembers } from './members.ts';

const MOST_JSON_BYTES = 4 * 1024 ** 2;

type Taking = { archive: StoredBlob; onProgress(fraction: number): void; signal: AbortSignal };
type Stores = Pick<Parts, 'db' | 'blobs' | 'blobTurns' | 'clock'>;

/**
 * Takes the archive of an image apart: each layer becomes a blob, which other images of the same base share. Three passes
 * over the archive, in constant memory. Throws a BadImage, or a NoRoom.
 */
export async function takeApart(stores: Stores, { archive, onProgress, signal }: Taking): Promise<Image> {
  const bytes = { done: 0, all: Math.max(1, 3 * archive.size) };
  const onBytes = (piece: Buffer): void => {
    bytes.done += piece.length;
    onProgress(Math.min(1, bytes.done / bytes.all));
  };
  const { blobs } = stores;
  const members = await readMembers(blobs.read(archive.hash), onBytes);
  const open = ({ start, size }: Range): Readable =>
    blobs.read(archive.hash, { start, end: start + size - 1 });
  const manifest = await findManifest((path) => readJson(members, open, path));
  const config = rangeOf(members, manifest.config);
  const configBytes = await readSmall(open, config, manifest.config);
  const {
    os,
    architecture,
    rootfs,
    config: settings,
  } = parsed(ImageConfig, json(configBytes, manifest.config), 'configuration');
  if (rootfs.diff_ids.length !== manifest.layers.length)
    throw new BadImage(
      `The archive of the image has ${manifest.layers.length} layers, and its configuration speaks of ${rootfs.diff_ids.length}.`,
    );
  const ranges = manifest.layers.map((path) => rangeOf(members, path));
  let room = MOST_UNPACKED_BYTES;
  for (const [index, range] of ranges.entries()) {
    const head = await readHead(open, range);
    const diffId = rootfs.diff_ids[index] ?? '';
    room -= await checkLayer({ open: () => open(range), head, diffId, number: index + 1, room, signal });
    onProgress(Math.min(1, (archive.size + range.start) / bytes.all));
  }
  const layers: StoredBlob[] = [];
  for (const range of ranges) layers.push(await store(stores, open(range), range));
  return Image.parse({
    id: createHash('sha256').update(configBytes).digest('hex'),
    platform: `${os}/${architecture}`,
    config: await store(stores, open(config), config),
    layers,
    entrypoint: settings?.Entrypoint ?? [],
  });
}

function rangeOf(members: Members, path: string): Range {
  const range = members.find(path);
  if (range !== null && range.size > 0) return range;
  throw new BadImage(
    `The archive of the image is incomplete: ${path.slice(0, 200)} is missing. Save and send it once more.`,
  );
}

async function readHead(open: (range: Range) => Readable, { start, size }: Range): Promise<Buffer> {
  const head = Buffer.concat(await open({ start, size: Math.min(size, 4) }).toArray());
  return Buffer.concat([head, Buffer.alloc(4)]).subarray(0, 4);
}

async function readSmall(open: (range: Range) => Readable, range: Range, path: string): Promise<Buffer> {
  if (range.size > MOST_JSON_BYTES)
    throw new BadImage(`The archive of the image is not in order: ${path} has ${range.size} bytes.`);
  return Buffer.concat(await open(range).toArray());
}

async function readJson(members: Members, open: (range: Range) => Readable, path: string): Promise<unknown> {
  const range = members.find(path);
  if (range === null || range.size === 0) return null;
  return json(await readSmall(open, range, path), path);
}

function json(bytes: Buffer, path: string): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new BadImage(`The archive of the image is not in order: ${path} is no JSON.`);
  }
}

async function store(
  { db, blobs, blobTurns, clock }: Stores,
  source: Readable,
  { size }: Range,
): Promise<StoredBlob> {
  const written = await blobs.write(source, { maxBytes: size, keepFree: SPARE_BYTES });
  if (!written.ok) throw new NoRoom(written.message);
  const row = { hash: written.hash, media_type: 'application/octet-stream', created_at: clock() };
  if ((await noteBlob({ db, blobs, blobTurns }, row)) === null)
    throw new Error('a layer was removed while it was stored');
  return { hash: written.hash as BlobHash, size: written.size };
}
