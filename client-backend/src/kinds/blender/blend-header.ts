import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import {
  BLEND_HEADER_BYTES,
  type BlendBlock,
  parseBlendHeader,
} from '@parallel-pilot/shared/kinds/blender/blend-header.ts';
import { ByteReader } from '../../archives/byte-reader.ts';
import { CutShort, decompressFrames } from './zstd-frames.ts';

export type BlendCheck =
  /** `fileVersion` as "2.79" or "5.0": the Blender that saved the file. */
  { ok: true; fileVersion: string } | { ok: false; code: 'not-a-blend'; message: string };

/**
 * Reads a .blend from its header to its last block, in constant memory, plain
 * or compressed (gzip before Blender 3.0, zstd since): tells the version that
 * saved it, and whether all of it is there. `name` is for the sentences.
 */
export async function checkBlend(bytes: Readable, name: string): Promise<BlendCheck> {
  try {
    return await checkPlain(await unpack(new ByteReader(bytes)), name);
  } catch (error) {
    if (error instanceof CutShort || isEarlyEnd(error)) return refuse(cutShort(name));
    if (isBadData(error)) {
      return refuse(
        `"${name}" is damaged: it cannot be decompressed. Save it again in Blender and send that.`,
      );
    }
    throw error;
  } finally {
    bytes.destroy();
  }
}

async function unpack(reader: ByteReader): Promise<ByteReader> {
  const magic = (await reader.peek(4)).toString('hex');
  if (magic === '28b52ffd') return new ByteReader(decompressFrames(reader));
  if (!magic.startsWith('1f8b')) return reader;
  const source = Readable.from(reader.pieces());
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  source.once('error', (error) => gunzip.destroy(error));
  return new ByteReader(source.pipe(gunzip));
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
  const whole = header.block === null || (await reachesEnd(reader, header.block));
  return whole ? { ok: true, fileVersion: header.version } : refuse(cutShort(name));
}

/** Goes from block to block, each of which tells its length, until the one named ENDB. */
async function reachesEnd(reader: ByteReader, block: BlendBlock): Promise<boolean> {
  for (;;) {
    if ((await reader.peek(4)).toString('latin1') === 'ENDB') return true;
    const head = await reader.take(block.size);
    if (head === null) return false;
    const length = lengthIn(head, block);
    if (length < 0 || !(await reader.skip(length))) return false;
  }
}

function lengthIn(head: Buffer, { lengthAt, wide, bigEndian }: BlendBlock): number {
  if (wide) return Number(bigEndian ? head.readBigInt64BE(lengthAt) : head.readBigInt64LE(lengthAt));
  return bigEndian ? head.readInt32BE(lengthAt) : head.readInt32LE(lengthAt);
}

const cutShort = (name: string): string =>
  `"${name}" is cut short: its end is missing. It was probably not copied or saved completely; send it again.`;

const refuse = (message: string): BlendCheck => ({ ok: false, code: 'not-a-blend', message });

const codeOf = (error: unknown): string => String((error as NodeJS.ErrnoException).code ?? '');
const isEarlyEnd = (error: unknown): boolean => codeOf(error) === 'Z_BUF_ERROR';
const isBadData = (error: unknown): boolean =>
  /^(Z_DATA_ERROR|ZSTD_error_)/.test(codeOf(error)) || (error as Error).message === 'unknown zstd frame';
