import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { BLEND_HEADER_BYTES, parseBlendHeader } from '@parallel-pilot/shared/kinds/blender/blend-header.ts';

/**
 * Version of the Blender that saved the file, "3.4", "2.79" or "5.0", read
 * from the file's first bytes; null when these are not a .blend's, plain,
 * gzip- or zstd-compressed. Throws on I/O errors only.
 */
export async function blendVersion(path: string): Promise<string | null> {
  const start = (await firstBytes(path)).toString('latin1', 0, BLEND_HEADER_BYTES);
  return parseBlendHeader(start)?.version ?? null;
}

async function firstBytes(path: string): Promise<Buffer> {
  const file = await open(path);
  const { buffer, bytesRead } = await file
    .read(Buffer.alloc(64), 0, 64, 0)
    .finally(async () => await file.close());
  const bytes = buffer.subarray(0, bytesRead);
  if (bytes.length >= 2 && bytes.readUInt16BE(0) === 0x1f8b) return await inflated(path, createGunzip());
  if (bytes.length >= 4 && bytes.readUInt32BE(0) === 0x28b52ffd) {
    return await inflated(path, createZstdDecompress());
  }
  return bytes;
}

/** The first bytes of a compressed file; empty when it does not decompress. */
async function inflated(
  path: string,
  unpack: ReturnType<typeof createGunzip> | ReturnType<typeof createZstdDecompress>,
): Promise<Buffer> {
  const start = createReadStream(path, { end: 1_048_575 });
  const parts: Buffer[] = [];
  let length = 0;
  try {
    await pipeline(start, unpack, async (source: AsyncIterable<Buffer>) => {
      for await (const part of source) {
        parts.push(part);
        length += part.length;
        if (length >= 64) return;
      }
    });
  } catch {
    // A cut or damaged stream: what could be unpacked decides.
  }
  return Buffer.concat(parts);
}
