import { type Exr, readExr } from '@parallel-pilot/images/header/exr.ts';
import type { Reading } from '@parallel-pilot/images/header/reading.ts';
import type { ImageFormat } from '@parallel-pilot/shared/kinds/blender/settings.ts';

/** A part of the file as it is, both in bytes from its start, or what stands in its place. */
export type Piece = { from: number; to: number } | Buffer;

/**
 * The pieces of an image of `bytes` bytes without the text that Blender writes
 * into it even with all stamps off (Cycles adds how long each step took), so
 * that equal pixels give equal bytes. Null when the file's structure is
 * damaged or cut short.
 */
export function withoutStamps(format: ImageFormat, bytes: number): Reading<Piece[] | null> {
  return STAMPED[format](bytes);
}

const STAMPED: Record<ImageFormat, (bytes: number) => Reading<Piece[] | null>> = {
  PNG: pngWithoutText,
  JPEG: jpegWithoutComments,
  OPEN_EXR: exrWithoutRunTimes,
  OPEN_EXR_MULTILAYER: exrWithoutRunTimes,
  // biome-ignore lint/correctness/useYield: there is nothing to look at.
  *TIFF(bytes) {
    return [{ from: 0, to: bytes }];
  },
};

/** libpng writes its pixels in chunks of 8 kB. */
const LEAST_PNG_CHUNK = 4_096;

function* pngWithoutText(bytes: number): Reading<Piece[] | null> {
  const kept = createPieces();
  let at = 8;
  kept.keep(0, at);
  for (let count = 0; count < 1_000 + bytes / LEAST_PNG_CHUNK; count += 1) {
    const head = yield { at, length: 8 };
    if (head.length < 8) return null;
    const end = at + 12 + head.readUInt32BE(0);
    if (end > bytes) return null;
    const type = head.toString('latin1', 4);
    if (!PNG_TEXT.has(type)) kept.keep(at, end);
    if (type === 'IEND') return kept.pieces;
    at = end;
  }
  return null;
}

function* jpegWithoutComments(bytes: number): Reading<Piece[] | null> {
  // The end mark is missing from a cut file, which decoders forgive.
  const last = yield { at: Math.max(0, bytes - 2), length: 2 };
  if (last.length < 2 || last.readUInt16BE(0) !== 0xffd9) return null;
  const kept = createPieces();
  let at = 2;
  kept.keep(0, at);
  for (let count = 0; count < 1_000; count += 1) {
    const head = yield { at, length: 4 };
    if (head.length < 4 || head.readUInt8(0) !== 0xff) return null;
    const marker = head.readUInt8(1);
    if (marker === START_OF_SCAN) {
      kept.keep(at, bytes);
      return kept.pieces;
    }
    const end = at + 2 + head.readUInt16BE(2);
    if (end > bytes) return null;
    if (marker !== COMMENT) kept.keep(at, end);
    at = end;
  }
  return null;
}

/** Cycles writes its own run times as attributes; what they leave behind them moves up. */
function* exrWithoutRunTimes(bytes: number): Reading<Piece[] | null> {
  const exr = yield* readExr(bytes);
  if ('ok' in exr) return null;
  const dropped = exr.attributes.filter(({ name }) => name.startsWith('cycles.'));
  if (dropped.length === 0) return [{ from: 0, to: bytes }];
  const kept = createPieces();
  let from = 0;
  for (const { start, end } of dropped) {
    kept.keep(from, start);
    from = end;
  }
  kept.keep(from, exr.table);
  const shift = BigInt(dropped.reduce((sum, { start, end }) => sum + end - start, 0));
  return [...kept.pieces, yield* shiftedTable(exr, shift), { from: exr.table + exr.chunks * 8, to: bytes }];
}

/** Bytes of the table that are read together. */
const PAGE = 32_768;

function* shiftedTable({ table, chunks }: Exr, shift: bigint): Reading<Buffer> {
  const shifted = Buffer.alloc(chunks * 8);
  for (let at = 0; at < shifted.length; at += PAGE) {
    (yield { at: table + at, length: Math.min(PAGE, shifted.length - at) }).copy(shifted, at);
  }
  for (let at = 0; at < shifted.length; at += 8) {
    shifted.writeBigUInt64LE(shifted.readBigUInt64LE(at) - shift, at);
  }
  return shifted;
}

/** Ranges in their order; those that touch are one. */
function createPieces() {
  const pieces: { from: number; to: number }[] = [];
  return {
    pieces,
    keep(from: number, to: number): void {
      const last = pieces.at(-1);
      if (last?.to === from) last.to = to;
      else if (to > from) pieces.push({ from, to });
    },
  };
}

const PNG_TEXT = new Set(['tEXt', 'zTXt', 'iTXt', 'tIME', 'eXIf']);
const START_OF_SCAN = 0xda;
const COMMENT = 0xfe;
