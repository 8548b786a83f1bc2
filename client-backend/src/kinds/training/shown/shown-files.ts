import { rm } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { matchHeader } from '@parallel-pilot/images/header/header.ts';
import { readMemory } from '@parallel-pilot/images/header/reading.ts';
import { damaged, type Expected, mostBytes, type PictureCheck } from '@parallel-pilot/images/picture.ts';
import { MOST_SIDE, ShownTable } from '@parallel-pilot/shared/kinds/training/shown.ts';
import type { BlobHash, JobId } from '@parallel-pilot/shared/model/ids.ts';
import { derivedFile, derivedPlace } from '../../../derived-file.ts';
import type { Parts } from '../../../parts.ts';
import type { FoundShown } from './find-shown.ts';

/**
 * The path of a WebP of a picture that a script shows, pixel for pixel; made once, in a box, then kept. Rejects with a
 * sentence where its bytes are not what its chunk said, or do not decode.
 */
export const shownPicture = (parts: Parts, job: JobId, found: FoundShown): Promise<string> =>
  derivedFile(parts, placeOf(parts, found.hash, found.place), async (draft) => {
    const { what } = found;
    if (what.kind === 'table') throw new Error('A table is no picture.');
    // One decoder for all pictures of a job, however large each is.
    const owner = { job, format: 'PNG', width: MOST_SIDE, height: MOST_SIDE } as const;
    await parts.decoders.lend(owner, async (decoder) => {
      const bytes = await bytesOf(parts, found);
      const { width, height } = what;
      mustBeGood(headerCheck(bytes, { format: 'PNG', width, height }));
      mustBeGood(await decoder.derive(bytes, 'copy', draft));
    });
  });

const headerCheck = (bytes: Buffer, expected: Expected): PictureCheck =>
  bytes.length > mostBytes(expected)
    ? damaged('has more bytes than its pixels could take')
    : readMemory(bytes, matchHeader(bytes.length, expected));

function mustBeGood(check: PictureCheck): void {
  if (!check.ok) throw new Error(`The picture cannot be shown: ${check.message}.`);
}

/** A table, or null where its bytes are none. */
export async function shownTable(parts: Parts, found: FoundShown): Promise<ShownTable | null> {
  try {
    return ShownTable.parse(JSON.parse((await bytesOf(parts, found)).toString('utf8')));
  } catch (error) {
    parts.log.warn({ event: 'shown.unreadable', hash: found.hash, place: found.place, err: error });
    return null;
  }
}

/** Of 8 MB at most, by the form of its report. */
const bytesOf = ({ blobs }: Parts, { hash, start, what }: FoundShown): Promise<Buffer> =>
  buffer(blobs.read(hash, { start, end: start + what.size - 1 }));

/** A folder for each blob, since nobody knows how many pictures were in it once it is gone. */
const placeOf = (parts: Pick<Parts, 'config'>, hash: BlobHash, place?: number): string =>
  derivedPlace(parts, hash, place === undefined ? 'shown' : `shown/${place}.webp`);

export async function forgetShown(parts: Pick<Parts, 'config'>, hashes: BlobHash[]): Promise<void> {
  for (const hash of hashes) await rm(placeOf(parts, hash), { recursive: true, force: true });
}
