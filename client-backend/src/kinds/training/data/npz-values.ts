import { pipeline, type Readable } from 'node:stream';
import { verifyChecksum } from '../../../archives/entries.ts';
import type { Npz, NpzArray } from './open-npz.ts';

/** The values of an array as they lie in its file, checked against its checksum at the end. */
export async function* npzValues(
  npz: Npz,
  { entry, header }: NpzArray,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const bytes: Readable = await npz.zip.openReadStreamPromise(entry);
  const checked = pipeline(bytes, verifyChecksum(entry), () => undefined);
  let skip = header.length;
  try {
    for await (const piece of checked as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      const rest = piece.subarray(skip);
      skip -= piece.length - rest.length;
      if (rest.length > 0) yield rest;
    }
  } finally {
    bytes.destroy();
  }
}
