import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type NpyHeader, rowBytes } from '../data/npy-header.ts';

const BLOCK_BYTES = 32 * 1024 ** 2;

/**
 * The rows of an array that is stored column by column (Fortran order), put together in blocks. Its bytes go into a
 * file of `folder` first, which has no name any more when it is written, so that nothing is left of it whatever
 * happens.
 */
export async function* inRowOrder(
  values: AsyncIterable<Buffer>,
  header: NpyHeader,
  folder: string,
): AsyncGenerator<Buffer> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, `columns-${crypto.randomUUID()}`);
  const file = await open(path, 'wx+');
  try {
    await rm(path);
    for await (const piece of values) await file.writeFile(piece);
    yield* blocks(file, header);
  } finally {
    await file.close();
  }
}

async function* blocks(file: FileHandle, header: NpyHeader): AsyncGenerator<Buffer> {
  const { itemBytes, shape } = header;
  const [rows = 0] = shape;
  const places = columnPlaces(shape.slice(1));
  const size = rowBytes(header);
  const most = Math.max(1, Math.floor(BLOCK_BYTES / size));
  for (let from = 0; from < rows; from += most) {
    const count = Math.min(most, rows - from);
    const block = Buffer.alloc(count * size);
    const column = Buffer.alloc(count * itemBytes);
    for (const [index, place] of places.entries()) {
      await readWhole(file, column, (place * rows + from) * itemBytes);
      for (let row = 0; row < count; row += 1) {
        column.copy(block, row * size + index * itemBytes, row * itemBytes, (row + 1) * itemBytes);
      }
    }
    yield block;
  }
}

async function readWhole(file: FileHandle, into: Buffer, position: number): Promise<void> {
  for (let at = 0; at < into.length; ) {
    const { bytesRead } = await file.read(into, at, into.length - at, position + at);
    if (bytesRead === 0) throw new Error('an array ends before its last value');
    at += bytesRead;
  }
}

/** For each value of a row in C order, the last dimension fastest, its place in Fortran order, the first fastest. */
export function columnPlaces(shape: readonly number[]): number[] {
  let places = [0];
  let stride = 1;
  for (const length of shape) {
    const step = stride;
    places = places.flatMap((place) => Array.from({ length }, (_, index) => place + index * step));
    stride *= length;
  }
  return places;
}
