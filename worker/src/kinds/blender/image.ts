import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, open, rename, writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Decoder } from '@parallel-pilot/images/decode/decoder.ts';
import { matchHeader, wrongSize as sizeVerdict } from '@parallel-pilot/images/header/header.ts';
import { type Reading, readFile, readMemory } from '@parallel-pilot/images/header/reading.ts';
import { type Expected, mostBytes, type PictureSize, type Refused } from '@parallel-pilot/images/picture.ts';
import type { FailureCode } from '@parallel-pilot/shared/protocol/failures.ts';
import { type Piece, withoutStamps } from './stamps.ts';

export type ImageCheck = { ok: true } | { ok: false; code: FailureCode; message: string };

/**
 * Makes sure that the image is there, is what the job says and is whole, and
 * takes the changing stamps out of it. Its first bytes decide whether any more
 * of it is looked at. The decoder is null for OpenEXR, which is checked for
 * completeness here and decoded by Blender afterwards. Rejects when the signal
 * is aborted.
 */
export async function finishImage(
  path: string,
  expected: Expected,
  decoder: Decoder | null,
  signal?: AbortSignal,
): Promise<ImageCheck> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (file === null) return NO_OUTPUT;
  let clean: Buffer | string;
  try {
    const { size } = await file.stat();
    if (size === 0) return NO_OUTPUT;
    if (size > mostBytes(expected)) return bad('The image has more bytes than its pixels could take.');
    const image = await loadImage(file, size);
    const header = await image.read(matchHeader(size, expected));
    if (!header.ok) return refused(header);
    const pieces = await image.read(withoutStamps(expected.format, size));
    if (pieces === null) return bad('The image that Blender wrote is damaged or cut short.');
    clean = await keepPieces(path, image.bytes, size, pieces);
  } finally {
    await file.close();
  }
  const verdict = (await decoder?.check(clean, signal)) ?? { ok: true };
  return verdict.ok ? verdict : refused(verdict);
}

export const wrongSize = (size: PictureSize, expected: PictureSize): ImageCheck & { ok: false } =>
  refused(sizeVerdict(size, expected));

/** A file of so many bytes is read at once. */
const AT_ONCE = 1_048_576;

type Loaded = { bytes: Buffer | null; read<T>(reading: Reading<T>): Promise<T> };

async function loadImage(file: FileHandle, size: number): Promise<Loaded> {
  if (size > AT_ONCE) return { bytes: null, read: (reading) => readFile(file, reading) };
  const bytes = Buffer.allocUnsafe(size);
  await file.read(bytes, 0, size, 0);
  return { bytes, read: async (reading) => readMemory(bytes, reading) };
}

/** The image without the rest, written over what it was: its bytes, or its path where it is large. */
async function keepPieces(
  path: string,
  bytes: Buffer | null,
  size: number,
  pieces: readonly Piece[],
): Promise<Buffer | string> {
  const [first] = pieces;
  const whole = first !== undefined && !Buffer.isBuffer(first) && first.from === 0 && first.to === size;
  if (whole) return bytes ?? path;
  if (bytes !== null) {
    const clean = Buffer.concat(
      pieces.map((piece) => (Buffer.isBuffer(piece) ? piece : bytes.subarray(piece.from, piece.to))),
    );
    await writeFile(path, clean);
    return clean;
  }
  const draft = `${path}.clean`;
  const target = createWriteStream(draft, { mode: 0o600 });
  await pipeline(async function* () {
    for (const piece of pieces) {
      if (Buffer.isBuffer(piece)) yield piece;
      else yield* createReadStream(path, { start: piece.from, end: piece.to - 1 });
    }
  }, target);
  await rename(draft, path);
  return path;
}

const bad = (message: string): ImageCheck & { ok: false } => ({ ok: false, code: 'bad-output', message });

const NO_OUTPUT: ImageCheck = {
  ok: false,
  code: 'no-output',
  message: 'Blender finished without writing the image.',
};

function refused({ wrong, message }: Refused): ImageCheck & { ok: false } {
  const sentence = `${message[0]?.toUpperCase()}${message.slice(1)}.`;
  return bad(
    wrong === 'size' ? `${sentence} Something in the file changes the size while it renders.` : sentence,
  );
}
