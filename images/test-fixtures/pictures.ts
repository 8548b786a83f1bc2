import { constants, crc32, deflateRawSync } from 'node:zlib';
import type { PictureSize } from '../src/picture.ts';

/** A chunk of a PNG with its length and checksum. */
export function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}

/**
 * A PNG that says it is of this size, eight bits of RGB. Its pixels are
 * `pixels`, compressed already: what they are is the caller's lie or truth.
 */
export function png({ width, height }: PictureSize, pixels: Buffer, interlaced = false): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, interlaced ? 1 : 0], 8);
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  const end = pngChunk('IEND', Buffer.alloc(0));
  return Buffer.concat([signature, pngChunk('IHDR', head), pngChunk('IDAT', pixels), end]);
}

/** At least so many zeros as a zlib stream (RFC 1950) of a thousandth of their size, made without holding them. */
export function compressedZeros(bytes: number): Buffer {
  const piece = Buffer.alloc(1 << 20);
  // Pieces of a raw stream that each end on a byte can be put together.
  const body = deflateRawSync(piece, { finishFlush: constants.Z_FULL_FLUSH });
  const parts: Buffer[] = [Buffer.from('7801', 'hex')];
  for (let left = bytes; left > 0; left -= piece.length) parts.push(body);
  parts.push(Buffer.from('0300', 'hex'), adlerOfZeros(Math.ceil(bytes / piece.length) * piece.length));
  return Buffer.concat(parts);
}

/** Adler-32 (RFC 1950): the first sum stays 1, the second counts the bytes. */
function adlerOfZeros(bytes: number): Buffer {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE((bytes % 65_521) * 65_536 + 1);
  return sum;
}

type ExrLie = {
  /** xMin, yMin, xMax, yMax. */
  dataWindow: [number, number, number, number];
  displayWindow?: [number, number, number, number];
  compression?: number;
  more?: Buffer[];
};

/** The header of an OpenEXR file, up to where its table of chunks begins. */
export function exrHeader({
  dataWindow,
  displayWindow = dataWindow,
  compression = 0,
  more = [],
}: ExrLie): Buffer {
  const box = (values: number[]): Buffer => {
    const bytes = Buffer.alloc(16);
    for (const [index, value] of values.entries()) bytes.writeInt32LE(value, index * 4);
    return bytes;
  };
  const float = Buffer.alloc(4);
  float.writeFloatLE(1);
  const channel = Buffer.concat([
    Buffer.from('Y\0'),
    Buffer.from([2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]),
  ]);
  return Buffer.concat([
    Buffer.from([0x76, 0x2f, 0x31, 0x01, 2, 0, 0, 0]),
    exrAttribute('channels', 'chlist', Buffer.concat([channel, Buffer.alloc(1)])),
    exrAttribute('compression', 'compression', Buffer.from([compression])),
    exrAttribute('dataWindow', 'box2i', box(dataWindow)),
    exrAttribute('displayWindow', 'box2i', box(displayWindow)),
    exrAttribute('lineOrder', 'lineOrder', Buffer.alloc(1)),
    exrAttribute('pixelAspectRatio', 'float', float),
    exrAttribute('screenWindowCenter', 'v2f', Buffer.alloc(8)),
    exrAttribute('screenWindowWidth', 'float', float),
    ...more,
    Buffer.alloc(1),
  ]);
}

export function exrAttribute(name: string, type: string, value: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeInt32LE(value.length);
  return Buffer.concat([Buffer.from(`${name}\0${type}\0`, 'latin1'), length, value]);
}

/** A whole OpenEXR of one float channel, uncompressed, all zeros. */
export function exr({ width, height }: PictureSize, more: Buffer[] = []): Buffer {
  const header = exrHeader({ dataWindow: [0, 0, width - 1, height - 1], more });
  const line = Buffer.alloc(8 + width * 4);
  line.writeInt32LE(width * 4, 4);
  const table = Buffer.alloc(height * 8);
  const lines = Array.from({ length: height }, (_, y) => {
    table.writeBigUInt64LE(BigInt(header.length + table.length + y * line.length), y * 8);
    const bytes = Buffer.from(line);
    bytes.writeInt32LE(y, 0);
    return bytes;
  });
  return Buffer.concat([header, table, ...lines]);
}
