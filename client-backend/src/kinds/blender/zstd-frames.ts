import { once } from 'node:events';
import { createZstdDecompress, type ZstdDecompress } from 'node:zlib';
import type { ByteReader } from '../../archives/byte-reader.ts';

/** The stream ends in the middle of a frame. */
export class CutShort extends Error {}

/** The stream falls into more frames or blocks than an honest one of any size taken here. */
export class TooManyParts extends Error {}

/** A frame costs a decompressor, and Blender makes one for each megabyte; a block, of 128 KB mostly, costs a write. */
const MOST_FRAMES = 100_000;
const MOST_BLOCKS = 1_000_000;

/**
 * Decompresses zstd of several frames, as Blender writes it (a frame for each
 * megabyte or so, then a skippable one with their places). Node's decompressor
 * stops after the first frame, so the frames are told apart here, by the
 * lengths in their headers (RFC 8878, section 3.1). How much comes out is for
 * the reader to bound; into how many parts it falls is bounded here.
 */
export async function* decompressFrames(reader: ByteReader): AsyncGenerator<Buffer> {
  const left = { blocks: MOST_BLOCKS };
  for (let frames = 0; ; frames++) {
    if (frames === MOST_FRAMES) throw new TooManyParts();
    const magic = (await reader.peek(4)).toString('hex');
    if (magic === '') return;
    if (SKIPPABLE.test(magic)) {
      await skipFrame(reader);
    } else if (magic === '28b52ffd') {
      yield* decompressFrame(reader, left);
    } else if (magic.length < 8) {
      throw new CutShort();
    } else {
      throw new Error('unknown zstd frame');
    }
  }
}

const SKIPPABLE = /^5[0-9a-f]2a4d18$/;

async function skipFrame(reader: ByteReader): Promise<void> {
  const header = await mustTake(reader, 8);
  if (!(await reader.skip(header.readUInt32LE(4)))) throw new CutShort();
}

async function* decompressFrame(reader: ByteReader, left: Left): AsyncGenerator<Buffer> {
  const zstd = createZstdDecompress({ chunkSize: 256 * 1024 });
  const fed = feed(zstd, reader, left).catch((error) => void zstd.destroy(error));
  try {
    yield* zstd as AsyncIterable<Buffer>;
    await fed;
  } finally {
    zstd.destroy();
    await fed;
  }
}

/** Blocks that the stream may still have. */
type Left = { blocks: number };

async function feed(zstd: ZstdDecompress, reader: ByteReader, left: Left): Promise<void> {
  const put = async (bytes: Buffer) => {
    if (!zstd.destroyed && !zstd.write(bytes)) await Promise.race([once(zstd, 'drain'), closed(zstd)]);
  };
  const start = await mustTake(reader, 5);
  const descriptor = start[4] ?? 0;
  await put(start);
  await put(await mustTake(reader, restOfHeader(descriptor)));
  for (let last = false; !last && !zstd.destroyed; ) {
    if (left.blocks-- === 0) throw new TooManyParts();
    const head = await mustTake(reader, 3);
    const block = head.readUIntLE(0, 3);
    last = (block & 1) === 1;
    await put(head);
    // A run-length block (type 1) holds a single byte, whatever its size says.
    await put(await mustTake(reader, ((block >> 1) & 3) === 1 ? 1 : block >> 3));
  }
  if ((descriptor & 4) !== 0) await put(await mustTake(reader, 4));
  zstd.end();
}

// Bytes of the frame header after the descriptor: window, dictionary id, content size.
function restOfHeader(descriptor: number): number {
  const single = (descriptor & 0x20) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const contentSize = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  return (single ? 0 : 1) + dictionary + contentSize;
}

async function mustTake(reader: ByteReader, count: number): Promise<Buffer> {
  const bytes = await reader.take(count);
  if (bytes === null) throw new CutShort();
  return bytes;
}

const closed = (zstd: ZstdDecompress): Promise<void> =>
  zstd.closed ? Promise.resolve() : new Promise((resolve) => void zstd.once('close', () => resolve()));
