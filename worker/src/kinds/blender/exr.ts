/** An OpenEXR file's parts as far as a check and a stamp removal need them. Offsets are in bytes from the start. */
export type Exr = {
  width: number;
  height: number;
  attributes: { name: string; start: number; end: number }[];
  /** Where the table of chunk offsets starts, and how many entries of eight bytes it has. */
  table: number;
  chunks: number;
};

/**
 * Reads a single-part scan-line OpenEXR file and makes sure that every chunk
 * of pixels is inside it. Null when it is damaged or cut short. This comes
 * before any decoder: OpenEXR as built into Blender 3.4 never returns from
 * some truncated files. Layout: openexr.com, "OpenEXR File Layout".
 */
export function readExr(bytes: Buffer): Exr | null {
  try {
    const header = readHeader(bytes);
    return header !== null && everyChunkIsInside(bytes, header) ? header : null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Removes what Cycles writes about its own run times, so that equal pixels give equal bytes. */
export function withoutRunTimes(bytes: Buffer, exr: Exr): Buffer {
  const dropped = exr.attributes.filter(({ name }) => name.startsWith('cycles.'));
  if (dropped.length === 0) return bytes;
  const shift = BigInt(dropped.reduce((sum, { start, end }) => sum + end - start, 0));
  const table = Buffer.from(bytes.subarray(exr.table, exr.table + exr.chunks * 8));
  for (let at = 0; at < table.length; at += 8) table.writeBigUInt64LE(table.readBigUInt64LE(at) - shift, at);
  const parts: Buffer[] = [];
  let from = 0;
  for (const { start, end } of dropped) {
    parts.push(bytes.subarray(from, start));
    from = end;
  }
  parts.push(bytes.subarray(from, exr.table), table, bytes.subarray(exr.table + table.length));
  return Buffer.concat(parts);
}

const MAGIC = 20_000_630;
/** Flags of the version field: tiles, deep data, several parts. Blender writes none of them for a frame. */
const UNUSUAL = 0x200 | 0x800 | 0x1000;
/** Scan lines per chunk by compression: none, RLE, ZIPS, ZIP, PIZ, PXR24, B44, B44A, DWAA, DWAB. */
const LINES = [1, 1, 1, 16, 32, 16, 32, 32, 32, 256];

function readHeader(bytes: Buffer): Exr | null {
  if (bytes.readUInt32LE(0) !== MAGIC || (bytes.readUInt32LE(4) & UNUSUAL) !== 0) return null;
  const attributes: Exr['attributes'] = [];
  let at = 8;
  let window: [number, number, number, number] | null = null;
  let lines: number | undefined;
  while (bytes.readUInt8(at) !== 0) {
    const start = at;
    const [name, afterName] = text(bytes, at);
    const [, afterType] = text(bytes, afterName);
    const size = bytes.readInt32LE(afterType);
    const value = afterType + 4;
    if (size < 0 || value + size > bytes.length) return null;
    if (name === 'dataWindow') window = box(bytes, value);
    if (name === 'compression') lines = LINES[bytes.readUInt8(value)];
    at = value + size;
    attributes.push({ name, start, end: at });
  }
  if (window === null || lines === undefined) return null;
  const [left, top, right, bottom] = window;
  const [width, height] = [right - left + 1, bottom - top + 1];
  if (width < 1 || height < 1) return null;
  return { width, height, attributes, table: at + 1, chunks: Math.ceil(height / lines) };
}

function everyChunkIsInside(bytes: Buffer, exr: Exr): boolean {
  const data = exr.table + exr.chunks * 8;
  for (let index = 0; index < exr.chunks; index += 1) {
    const offset = Number(bytes.readBigUInt64LE(exr.table + index * 8));
    if (offset < data || offset + 8 > bytes.length) return false;
    const size = bytes.readInt32LE(offset + 4);
    if (size < 1 || offset + 8 + size > bytes.length) return false;
  }
  return true;
}

function text(bytes: Buffer, at: number): [string, number] {
  const end = bytes.indexOf(0, at);
  if (end < 0) throw new RangeError('an attribute without an end');
  return [bytes.toString('latin1', at, end), end + 1];
}

const box = (bytes: Buffer, at: number): [number, number, number, number] => [
  bytes.readInt32LE(at),
  bytes.readInt32LE(at + 4),
  bytes.readInt32LE(at + 8),
  bytes.readInt32LE(at + 12),
];
