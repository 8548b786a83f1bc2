import { rm, stat } from 'node:fs/promises';
import type { Expected, PictureCheck } from '@parallel-pilot/images/picture.ts';
import type { BlobHash, JobId } from '@parallel-pilot/shared/model/ids.ts';
import { derivedFile, derivedPlace } from '../../derived-file.ts';
import type { Parts } from '../../parts.ts';
import { checkFrameFile } from './check-frames.ts';

/** `thumbnail`: 256 pixels wide or high at most. `preview`: the whole picture in a form that browsers show. */
export type Derived = 'thumbnail' | 'preview';

type DeriveParts = Pick<Parts, 'config' | 'blobs' | 'sandbox' | 'decoders' | 'derived'>;
/** Whose picture it is, and what it must be by its job's word. */
export type Source = { job: JobId; hash: BlobHash; expected: Expected };

/**
 * The path of a WebP made from a frame; made once, then kept on disk under the
 * frame's hash. Rejects with a sentence where the frame is not what its job
 * says or does not decode.
 */
export const derivedImage = (parts: DeriveParts, source: Source, what: Derived): Promise<string> =>
  derivedFile(parts, placeOf(parts, source.hash, what), (draft) => make(parts, source, what, draft));

export async function forgetDerived(parts: Pick<Parts, 'config'>, hashes: BlobHash[]): Promise<void> {
  for (const hash of hashes) {
    for (const what of ['thumbnail', 'preview'] as const) {
      await rm(placeOf(parts, hash, what), { force: true });
    }
  }
}

const placeOf = (parts: Pick<Parts, 'config'>, hash: BlobHash, what: Derived): string =>
  derivedPlace(parts, hash, `${what}.webp`);

async function make(parts: DeriveParts, source: Source, what: Derived, draft: string): Promise<void> {
  const { job, hash, expected } = source;
  const frame = parts.blobs.localPath(hash);
  const { size } = await stat(frame);
  mustBeGood(await checkFrameFile(frame, size, expected));
  const { format, ...pixels } = expected;
  if (format === 'OPEN_EXR' || format === 'OPEN_EXR_MULTILAYER') throw new Error(`${format} is not shown`);
  await parts.decoders.lend({ job, ...pixels, format }, async (decoder) =>
    mustBeGood(await decoder.derive(frame, what, draft)),
  );
}

function mustBeGood(check: PictureCheck): void {
  if (!check.ok) throw new Error(`No picture can be made of the frame: ${check.message}.`);
}
