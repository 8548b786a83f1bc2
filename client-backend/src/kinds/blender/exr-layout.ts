import { open } from 'node:fs/promises';

export type ExrLayout = { ok: true; width: number; height: number } | { ok: false; message: string };

const MAGIC = 20_000_630;
/** Lines in one block by compression: none, RLE, ZIPS, ZIP, PIZ, PXR24, B44, B44A, DWAA, DWAB. */
const LINES_PER_BLOCK = [1, 1, 1, 16, 32, 16, 32, 32, 32, 256];
const HEADER_BYTES = 1 << 20;

/**
 * Reads an OpenEXR file's header and its table of blocks, and whether every
 * block lies inside the file. ffmpeg decodes a file that was cut short without
 * a word and leaves the rest black, so this must be looked at by itself. Layout:
 * https://openexr.com/en/latest/OpenEXRFileLayout.html (single part, scan lines).
 */
export async function readExrLayout(path: string): Promise<ExrLayout> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const head = Buffer.alloc(Math.min(size, HEADER_BYTES));
    await file.read(head, 0, head.length, 0);
    const header = parseHeader(head);
    if (!header.ok) return header;
    const { width, height, compression } = header;
    const perBlock = LINES_PER_BLOCK[compression];
    if (perBlock === undefined) return bad(`its compression (${compression}) is unknown`);
    const blocks = Math.ceil(height / perBlock);
    const table = Buffer.alloc(blocks * 8);
    const read = await file.read(table, 0, table.length, header.end);
    if (read.bytesRead < table.length) return bad('it ends within its table of lines');
    const block = Buffer.alloc(8);
    for (let i = 0; i < blocks; i += 1) {
      const offset = Number(table.readBigUInt64LE(i * 8));
      if (offset < header.end + table.length || offset + 8 > size) return cut(i, blocks);
      await file.read(block, 0, 8, offset);
      if (offset + 8 + block.readInt32LE(4) > size) return cut(i, blocks);
    }
    return { ok: true, width, height };
  } finally {
    await file.close();
  }
}

type Header = { ok: true; width: number; height: number; compression: number; end: number };

function parseHeader(head: Buffer): Header | Extract<ExrLayout, { ok: false }> {
  if (head.length < 8 || head.readUInt32LE(0) !== MAGIC) return bad('it does not begin like one');
  // Bits 9, 11 and 12: tiles, deep data, several parts; Blender writes none of them for a plain image.
  if ((head.readUInt32LE(4) & 0x1a00) !== 0) return bad('it is tiled or has several parts');
  let at = 8;
  let compression: number | undefined;
  let window: { width: number; height: number } | undefined;
  const text = (): string | null => {
    const end = head.indexOf(0, at);
    if (end < 0) return null;
    const value = head.toString('latin1', at, end);
    at = end + 1;
    return value;
  };
  for (;;) {
    const name = text();
    if (name === null) return bad('it ends within its header');
    if (name === '') break;
    if (text() === null || at + 4 > head.length) return bad('it ends within its header');
    const length = head.readUInt32LE(at);
    at += 4;
    if (at + length > head.length) return bad('it ends within its header');
    if (name === 'compression' && length === 1) compression = head.readUInt8(at);
    if (name === 'dataWindow' && length === 16) window = sizeOf(head, at);
    at += length;
  }
  if (compression === undefined || window === undefined) return bad('its header lacks the size');
  return { ok: true, ...window, compression, end: at };
}

const sizeOf = (head: Buffer, at: number) => ({
  width: head.readInt32LE(at + 8) - head.readInt32LE(at) + 1,
  height: head.readInt32LE(at + 12) - head.readInt32LE(at + 4) + 1,
});

const bad = (why: string): Extract<ExrLayout, { ok: false }> => ({
  ok: false,
  message: `it is not a whole OpenEXR image: ${why}`,
});
const cut = (block: number, blocks: number) => bad(`it is cut short (block ${block + 1} of ${blocks})`);
