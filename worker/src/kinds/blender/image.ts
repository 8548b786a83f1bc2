import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Decoder } from '@parallel-pilot/images/decode/decoder.ts';
import { matchHeader, wrongSize as wrongSizeOf } from '@parallel-pilot/images/header/header.ts';
import { type Reading, readFile, readMemory } from '@parallel-pilot/images/header/reading.ts';
import { type Expected, mostBytes, type PictureSize, type Refused } from '@parallel-pilot/images/picture.ts';
import type { BlenderFailure } from '@parallel-pilot/shared/kinds/blender/failures.ts';
import { type Piece, withoutStamps } from './stamps.ts';

type Bad = { ok: false; code: BlenderFailure; message: string };
/** `bytes` of a small image are nowhere else yet. */
export type ImageCheck = { ok: true; bytes?: Buffer } | Bad;

export type ImageFile = {
  /** Where a large image lies. */
  path: string;
  /** The bytes of a small one; null for a large one. */
  held: Buffer | null;
};

/**
 * Makes sure that the image is what the job says and is whole, takes the
 * changing stamps out of it. Its first bytes decide
 * whether any more of it is looked at. The decoder is null for OpenEXR, which
 * is checked for completeness here and decoded by Blender afterwards. Rejects
 * when the signal is aborted.
 */
export async function finishImage(
  { path, held }: ImageFile,
  expected: Expected,
  decoder: Decoder | null,
  signal?: AbortSignal,
): Promise<ImageCheck> {
  const found = held === null ? await pickLarge(path, expected) : pickHeld(held, expected);
  if ('ok' in found) return found;
  const clean = held === null ? await cutLarge(path, found) : cutHeld(held, found);
  const check = (await decoder?.check(clean, signal)) ?? { ok: true as const };
  if (!check.ok) return refused(check);
  return Buffer.isBuffer(clean) ? { ok: true, bytes: clean } : { ok: true };
}

export const wrongSize = (size: PictureSize, expected: PictureSize): Bad =>
  refused(wrongSizeOf(size, expected));

/** What is kept of the image, or why none of it. */
function* pick(size: number, expected: Expected): Reading<Piece[] | Bad> {
  if (size === 0) return NO_OUTPUT;
  if (size > mostBytes(expected)) return bad('The image has more bytes than its pixels could take.');
  const header = yield* matchHeader(size, expected);
  if (!header.ok) return refused(header);
  return (yield* withoutStamps(expected.format, size)) ?? bad(DAMAGED);
}

const pickHeld = (held: Buffer, expected: Expected) => readMemory(held, pick(held.length, expected));

async function pickLarge(path: string, expected: Expected) {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    return await readFile(file, pick(size, expected));
  } finally {
    await file.close();
  }
}

function cutHeld(held: Buffer, pieces: readonly Piece[]): Buffer {
  return Buffer.concat(
    pieces.map((piece) => (Buffer.isBuffer(piece) ? piece : held.subarray(piece.from, piece.to))),
  );
}

/** Rewrites the file where something is cut from it; its path. */
async function cutLarge(path: string, pieces: readonly Piece[]): Promise<string> {
  const { size } = await stat(path);
  const [first] = pieces;
  const whole = first !== undefined && !Buffer.isBuffer(first) && first.from === 0 && first.to === size;
  if (whole) return path;
  const draft = `${path}.clean`;
  await pipeline(
    async function* () {
      for (const piece of pieces) {
        if (Buffer.isBuffer(piece)) yield piece;
        else yield* createReadStream(path, { start: piece.from, end: piece.to - 1 });
      }
    },
    createWriteStream(draft, { mode: 0o600 }),
  );
  await rename(draft, path);
  return path;
}

const DAMAGED = 'The image that Blender wrote is damaged or cut short.';

const bad = (message: string): Bad => ({ ok: false, code: 'bad-output', message });

export const NO_OUTPUT: Bad = {
  ok: false,
  code: 'no-output',
  message: 'Blender finished without writing the image.',
};

function refused({ wrong, message }: Refused): Bad {
  const sentence = `${message[0]?.toUpperCase()}${message.slice(1)}.`;
  return bad(
    wrong === 'size' ? `${sentence} Something in the file changes the size while it renders.` : sentence,
  );
}
