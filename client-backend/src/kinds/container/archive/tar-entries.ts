import type { Readable } from 'node:stream';
import { extract, type Header } from 'tar-stream';
import { BadImage } from './bad-image.ts';

/** An entry of a tar, and where its bytes stand in it. */
export type TarEntry = { header: Header; start: number };

const HEADER_BYTES = 512;

/**
 * Goes through a tar in constant memory, and leaves out what the entries hold. `onBytes` is told of each piece. Throws a
 * BadImage where it is cut off or is none; `what` is what people call it.
 */
export async function* tarEntries(
  source: Readable,
  what: string,
  onBytes: (bytes: Buffer) => void = () => {},
): AsyncGenerator<TarEntry> {
  const entries = extract();
  source.on('data', onBytes);
  source.on('error', (error) => entries.destroy(error));
  source.pipe(entries as unknown as NodeJS.WritableStream);
  let first = true;
  try {
    for await (const entry of entries) {
      yield { header: entry.header, start: entry.offset + HEADER_BYTES };
      first = false;
      entry.resume();
    }
  } catch (error) {
    if (source.errored !== null && source.errored !== undefined && !isUnpacking(source.errored)) throw error;
    if (error instanceof BadImage) throw error;
    const isCut = /unexpected end|cut off|incomplete/i.test((error as Error).message);
    if (isCut && !first)
      throw new BadImage(`${what} is cut off: its end is missing. Save and send it once more.`);
    throw new BadImage(
      isCut
        ? `${what} is cut off, or no tar archive. "podman save" and "docker save" write what is expected.`
        : `${what} is no tar archive that can be read (${(error as Error).message}). "podman save" and "docker save" write what is expected.`,
    );
  } finally {
    source.destroy();
  }
}

/** What zlib found wrong with the bytes, and no trouble of the disk's. */
const isUnpacking = (error: Error): boolean =>
  /^(Z_|ERR_ZLIB|ZSTD_)/.test((error as NodeJS.ErrnoException).code ?? '');
