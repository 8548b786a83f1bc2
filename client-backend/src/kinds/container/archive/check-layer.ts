import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { BadImage } from './bad-image.ts';
import { tarEntries } from './tar-entries.ts';

/** Files of a layer. */
const MOST_ENTRIES = 1_000_000;
/** Of a whole image, unpacked. */
export const MOST_UNPACKED_BYTES = 64 * 1024 ** 3;

type Layer = {
  open(): Readable;
  /** Its first bytes, which tell how it is compressed. */
  head: Buffer;
  /** SHA-256 of what it unpacks to, by the image's configuration: "sha256:…". */
  diffId: string;
  /** From 1. */
  number: number;
  /** Bytes that it may unpack to. */
  room: number;
  signal: AbortSignal;
};

/**
 * Looks at each name of a layer before a worker unpacks it, and whether it is what the image says. Returns the bytes that
 * it unpacks to. Throws a BadImage.
 */
export async function checkLayer({ open, head, diffId, number, room, signal }: Layer): Promise<number> {
  const what = `Layer ${number} of the image`;
  const hash = createHash('sha256');
  let bytes = 0;
  let entries = 0;
  const tar = unpacked(open(), head);
  const onBytes = (piece: Buffer): void => {
    hash.update(piece);
    bytes += piece.length;
    if (bytes > room)
      tar.destroy(new BadImage(`${what} unpacks to more than an image may have: 64 GB with all others.`));
    if (signal.aborted) tar.destroy(signal.reason);
  };
  for await (const { header } of tarEntries(tar, what, onBytes)) {
    entries += 1;
    if (entries > MOST_ENTRIES) throw new BadImage(`${what} has more than a million files.`);
    const outside = [header.name, header.type === 'link' ? (header.linkname ?? '') : ''].find(leadsOut);
    if (outside !== undefined)
      throw new BadImage(
        `${what} has a file "${outside.slice(0, 200)}", which would lie outside of the container. Such an image is not taken.`,
      );
  }
  if (`sha256:${hash.digest('hex')}` !== diffId)
    throw new BadImage(
      `${what} is not what the image says it is: it was changed or damaged. Save and send it once more.`,
    );
  return bytes;
}

const leadsOut = (path: string): boolean => path.split('/').includes('..') || path.includes('\0');

function unpacked(source: Readable, head: Buffer): Readable {
  const unpack =
    head[0] === 0x1f && head[1] === 0x8b
      ? createGunzip()
      : head.readUInt32LE(0) === 0xfd2fb528
        ? createZstdDecompress()
        : null;
  if (unpack === null) return source;
  source.on('error', (error) => unpack.destroy(error));
  unpack.on('close', () => source.destroy());
  return source.pipe(unpack);
}
