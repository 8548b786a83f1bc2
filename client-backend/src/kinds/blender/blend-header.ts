import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import {
  BLEND_HEADER_BYTES,
  type BlendBlock,
  parseBlendHeader,
} from '@parallel-pilot/shared/kinds/blender/blend-header.ts';
import { ByteReader } from '../../archives/byte-reader.ts';
import { isTooMuch } from '../../archives/screen-archive.ts';
import { CutShort, decompressFrames, TooManyParts } from './zstd-frames.ts';

export type BlendCheck =
  /** `fileVersion` as "2.79" or "5.0": the Blender that saved the file. */
  { ok: true; fileVersion: string } | { ok: false; code: 'not-a-blend'; message: string };

/** Bytes that the file has, and that it may have unpacked. */
export type BlendLimits = { size: number; maxBytes: number };

/** A scene of a hundred thousand objects has a million or two. */
const MOST_BLOCKS = 4_000_000;

/**
 * Reads a .blend from its header to its last block, in constant memory, plain
 * or compressed (gzip before Blender 3.0, zstd since): tells the version that
 * saved it, and whether all of it is there. What unpacks to more than `limits`
 * allow, or falls into too many blocks, is refused. `name` is for the sentences.
 */
export async function checkBlend(bytes: Readable, name: string, limits: BlendLimits): Promise<BlendCheck> {
  try {
    return await checkPlain(await unpack(new ByteReader(bytes), limits), name);
  } catch (error) {
    if (error instanceof CutShort || isEarlyEnd(error)) return refuse(cutShort(name));
    if (error instanceof TooMuch || error instanceof TooManyParts) return refuse(tooMuch(name));
    if (isBadData(error)) return refuse(damaged(name, 'it cannot be decompressed'));
    throw error;
  } finally {
    bytes.destroy();
  }
}

async function unpack(reader: ByteReader, limits: BlendLimits): Promise<ByteReader> {
  const magic = (await reader.peek(4)).toString('hex');
  if (magic === '28b52ffd') return new ByteReader(bounded(decompressFrames(reader), limits));
  if (!magic.startsWith('1f8b')) return reader;
  const source = Readable.from(reader.pieces());
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  source.once('error', (error) => gunzip.destroy(error));
  return new ByteReader(bounded(source.pipe(gunzip), limits));
}

/** A file that unpacks to more than it may. */
class TooMuch extends Error {}

async function* bounded(chunks: AsyncIterable<Buffer>, limits: BlendLimits): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (isTooMuch({ size, packedSize: limits.size }, limits.maxBytes)) throw new TooMuch();
    yield chunk;
  }
}

async function checkPlain(reader: ByteReader, name: string): Promise<BlendCheck> {
  const start = await reader.peek(BLEND_HEADER_BYTES);
  if (start.length === 0) return refuse(`"${name}" is empty. Send a .blend file saved by Blender.`);
  const header = parseBlendHeader(start.toString('latin1'));
  if (header === null) {
    return refuse(
      `"${name}" is not a .blend file. Send a file saved by Blender, or a .zip that holds one and its textures.`,
    );
  }
  await reader.take(header.length);
  const problem = header.block === null ? null : await blockProblem(reader, header.block, name);
  return problem === null ? { ok: true, fileVersion: header.version } : refuse(problem);
}

/** Goes from block to block, each of which tells its length, until the one named ENDB; null when that is there. */
async function blockProblem(reader: ByteReader, block: BlendBlock, name: string): Promise<string | null> {
  for (let count = 0; count < MOST_BLOCKS; count++) {
    let head = reader.takeHeld(block.size);
    if (head === null) {
      if (isEnd(await reader.peek(4))) return null;
      head = await reader.take(block.size);
    }
    if (head === null) return cutShort(name);
    if (isEnd(head)) return null;
    // No block is without a name; a stretch of zeros would be millions of them.
    if (head.readUInt32LE(0) === 0) return damaged(name, 'a part of it is empty');
    const length = lengthIn(head, block);
    if (length < 0) return cutShort(name);
    if (reader.takeHeld(length) === null && !(await reader.skip(length))) return cutShort(name);
  }
  return tooMuch(name);
}

const isEnd = (head: Buffer): boolean => head.length >= 4 && head.readUInt32BE(0) === 0x454e4442;

function lengthIn(head: Buffer, { lengthAt, wide, bigEndian }: BlendBlock): number {
  if (wide) return Number(bigEndian ? head.readBigInt64BE(lengthAt) : head.readBigInt64LE(lengthAt));
  return bigEndian ? head.readInt32BE(lengthAt) : head.readInt32LE(lengthAt);
}

const cutShort = (name: string): string =>
  `"${name}" is cut short: its end is missing. It was probably not copied or saved completely; send it again.`;

const damaged = (name: string, why: string): string =>
  `"${name}" is damaged: ${why}. Save it again in Blender and send that.`;

const tooMuch = (name: string): string =>
  `"${name}" cannot be taken: unpacked it is too large, or falls into too many parts. Save a smaller scene, or save it without compression.`;

const refuse = (message: string): BlendCheck => ({ ok: false, code: 'not-a-blend', message });

const codeOf = (error: unknown): string => String((error as NodeJS.ErrnoException).code ?? '');
const isEarlyEnd = (error: unknown): boolean => codeOf(error) === 'Z_BUF_ERROR';
const isBadData = (error: unknown): boolean =>
  /^(Z_DATA_ERROR|ZSTD_error_)/.test(codeOf(error)) || (error as Error).message === 'unknown zstd frame';
