import type { FileHandle } from 'node:fs/promises';

/** The `length` bytes from `at` on that a parser wants to see. At the end of a file it is given fewer. */
export type Want = { at: number; length: number };

/**
 * A parser that asks for bytes by yielding, so that one parser reads both
 * memory and files and holds no more than it asked for. What it is given is
 * valid until it asks again. It never throws, whatever the bytes are.
 */
export type Reading<T> = Generator<Want, T, Buffer>;

/** No parser asks for more at once. */
export const MOST_WANTED = 32_768;

/** Files are read in pieces of this size, since most parsers go from one small part to the next. */
const WINDOW = 262_144;

/** Runs a parser over bytes in memory. */
export function readMemory<T>(bytes: Buffer, reading: Reading<T>): T {
  let step = reading.next();
  while (!step.done) {
    const { at, length } = step.value;
    step = reading.next(bytes.subarray(at, at + length));
  }
  return step.value;
}

/** Runs a parser over a file; rejects on I/O errors only. */
export async function readFile<T>(file: FileHandle, reading: Reading<T>): Promise<T> {
  const window = Buffer.allocUnsafe(WINDOW);
  let [from, held] = [0, 0];
  let step = reading.next();
  while (!step.done) {
    const { at, length } = step.value;
    if (at < from || at + length > from + held) {
      from = at;
      held = (await file.read(window, 0, WINDOW, at)).bytesRead;
    }
    step = reading.next(window.subarray(at - from, Math.min(at - from + length, held)));
  }
  return step.value;
}
