import { CUT_SHORT, damaged, type PictureSize, type Refused } from '../picture.ts';
import { MOST_WANTED, type Reading } from './reading.ts';

/** An OpenEXR file's parts as far as a check and a removal of stamps need them. Offsets are in bytes from the start. */
export type Exr = PictureSize & {
  attributes: { name: string; start: number; end: number }[];
  /** Where the table of chunk offsets starts, and how many entries of eight bytes it has. */
  table: number;
  chunks: number;
};

/**
 * Reads a single-part scan-line OpenEXR file of `bytes` bytes and makes sure
 * that every chunk of pixels is inside it. This comes before any decoder:
 * OpenEXR as built into Blender 3.4 never returns from some truncated files,
 * and ffmpeg leaves black, without a word, what was cut off. Nothing is taken
 * for granted of what the header says before the file is large enough for it.
 * Layout: https://openexr.com/en/latest/OpenEXRFileLayout.html
 */
export function* readExr(bytes: number): Reading<Exr | Refused> {
  const exr = yield* exrHeader(bytes);
  if ('ok' in exr) return exr;
  const { table, chunks } = exr;
  const data = table + chunks * 8;
  for (let first = 0; first < chunks; first += PAGE) {
    const length = Math.min(PAGE, chunks - first) * 8;
    // A copy: the chunks are asked for while this is read.
    const page = Buffer.from(yield { at: table + first * 8, length });
    if (page.length < length) return CUT_SHORT;
    for (let at = 0; at < length; at += 8) {
      const chunk = Number(page.readBigUInt64LE(at));
      if (chunk < data || chunk + 8 > bytes) return CUT_SHORT;
      const head = yield { at: chunk, length: 8 };
      const size = head.length < 8 ? 0 : head.readInt32LE(4);
      if (size < 1 || chunk + 8 + size > bytes) return CUT_SHORT;
    }
  }
  return exr;
}

export function* exrSize(bytes: number): Reading<PictureSize | Refused> {
  const exr = yield* exrHeader(bytes);
  return 'ok' in exr ? exr : { width: exr.width, height: exr.height };
}

/**
 * The name before ".R" in a file with layers, "ViewLayer.Combined" for
 * instance: of the finished picture, or the first with colours; null without.
 */
export function* exrColorLayer(bytes: number): Reading<string | null> {
  const exr = yield* exrHeader(bytes);
  const channels = 'ok' in exr ? undefined : exr.attributes.find(({ name }) => name === 'channels');
  if (channels === undefined) return null;
  // Behind the names of the attribute and of its type, and the length.
  const from = channels.start + 'channels'.length + 1 + 'chlist'.length + 1 + 4;
  const list = yield { at: from, length: Math.max(0, Math.min(channels.end - from, MOST_WANTED)) };
  const layers: string[] = [];
  // A name, then 16 bytes of how its channel is stored.
  for (let at = 0; at < list.length && list[at] !== 0; ) {
    const end = list.indexOf(0, at);
    if (end < 0) break;
    const name = list.toString('latin1', at, end);
    if (name.length <= LONGEST_NAME && name.endsWith('.R')) layers.push(name.slice(0, -2));
    at = end + 17;
  }
  return layers.find((layer) => layer.endsWith('Combined')) ?? layers[0] ?? null;
}

const MAGIC = 20_000_630;
/** Flags of the version field: tiles, deep data, several parts. Blender writes none of them for a frame. */
const UNUSUAL = 0x200 | 0x800 | 0x1000;
/** Scan lines per chunk by compression: none, RLE, ZIPS, ZIP, PIZ, PXR24, B44, B44A, DWAA, DWAB. */
const LINES = [1, 1, 1, 16, 32, 16, 32, 32, 32, 256];
const MOST_ATTRIBUTES = 1_000;
const LONGEST_NAME = 255;
/** Entries of the table that are looked at together. */
const PAGE = 4_096;

/** The header, of a file that is at least long enough for the table behind it. */
function* exrHeader(bytes: number): Reading<Exr | Refused> {
  const start = yield { at: 0, length: 8 };
  if (start.length < 8) return CUT_SHORT;
  if (start.readUInt32LE(0) !== MAGIC) return damaged('does not begin like an OpenEXR');
  if ((start.readUInt32LE(4) & UNUSUAL) !== 0) return damaged('is tiled, deep or of several parts');
  const attributes: Exr['attributes'] = [];
  const sizes = new Map<string, PictureSize>();
  let lines: number | undefined;
  let at = 8;
  for (;;) {
    const attribute = yield* readAttribute(at);
    if (attribute === 'end') break;
    if (attribute === null || attribute.end > bytes) return CUT_SHORT;
    const { name, value, end } = attribute;
    if (attributes.length === MOST_ATTRIBUTES) return damaged('has too many attributes');
    // Two readers could take different ones of two.
    if (attributes.some((other) => other.name === name))
      return damaged(`has two attributes "${printable(name)}"`);
    attributes.push({ name, start: at, end });
    if (name === 'compression' && value.length >= 1) lines = LINES[value.readUInt8(0)];
    if (WINDOWS.has(name) && value.length === 16) sizes.set(name, windowSize(value));
    at = end;
  }
  const size = sizes.get('dataWindow');
  const shown = sizes.get('displayWindow') ?? size;
  if (size === undefined || shown === undefined || lines === undefined)
    return damaged('does not tell its size');
  if (size.width < 1 || size.height < 1) return damaged('has no pixels');
  // Decoders take memory for the window that is shown, whatever the pixels fill of it.
  if (shown.width !== size.width || shown.height !== size.height) return damaged('is of two sizes');
  const chunks = Math.ceil(size.height / lines);
  // One byte of pixels at least for each entry of the table, beside its own eight and the chunk's header.
  if (at + 1 + chunks * 17 > bytes) return CUT_SHORT;
  return { ...size, attributes, table: at + 1, chunks };
}

const WINDOWS = new Set(['dataWindow', 'displayWindow']);

type Attribute = { name: string; value: Buffer; end: number };

/** The attribute at `at` with the first 16 bytes of its value; null when it is none, or cut. */
function* readAttribute(at: number): Reading<Attribute | 'end' | null> {
  const bytes = yield { at, length: 2 * (LONGEST_NAME + 1) + 4 + 16 };
  if (bytes.length > 0 && bytes.readUInt8(0) === 0) return 'end';
  const nameEnd = bytes.indexOf(0);
  const typeEnd = bytes.indexOf(0, nameEnd + 1);
  if (nameEnd < 0 || typeEnd < 0 || nameEnd > LONGEST_NAME || typeEnd + 5 > bytes.length) return null;
  const length = bytes.readInt32LE(typeEnd + 1);
  if (length < 0) return null;
  const from = typeEnd + 5;
  const value = bytes.subarray(from, from + Math.min(length, 16));
  return { name: bytes.toString('latin1', 0, nameEnd), value, end: at + from + length };
}

/** `xMin, yMin, xMax, yMax`, both ends inclusive. */
const windowSize = (box: Buffer): PictureSize => ({
  width: box.readInt32LE(8) - box.readInt32LE(0) + 1,
  height: box.readInt32LE(12) - box.readInt32LE(4) + 1,
});

const printable = (name: string): string => name.replace(/[^\x20-\x7e]/g, '?').slice(0, 40);
