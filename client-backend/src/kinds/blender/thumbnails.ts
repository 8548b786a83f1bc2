import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Expected, PictureCheck } from '@parallel-pilot/images/picture.ts';
import type { BlobHash, JobId } from '@parallel-pilot/shared/model/ids.ts';
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
export async function derivedImage(parts: DeriveParts, source: Source, what: Derived): Promise<string> {
  const path = placeOf(parts, source.hash, what);
  if (await exists(path)) return path;
  return parts.derived(path, () => make(parts, source, what, path));
}

export async function forgetDerived(parts: Pick<Parts, 'config'>, hashes: BlobHash[]): Promise<void> {
  for (const hash of hashes) {
    for (const what of ['thumbnail', 'preview'] as const) {
      await rm(placeOf(parts, hash, what), { force: true });
    }
  }
}

const placeOf = ({ config }: Pick<Parts, 'config'>, hash: BlobHash, what: Derived): string =>
  join(config.dataFolder, 'thumbnails', hash.slice(0, 2), `${hash.slice(2)}-${what}.webp`);

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

async function make(parts: DeriveParts, source: Source, what: Derived, path: string): Promise<string> {
  const { job, hash, expected } = source;
  const frame = parts.blobs.localPath(hash);
  const { size } = await stat(frame);
  mustBeGood(await checkFrameFile(frame, size, expected));
  await mkdir(dirname(path), { recursive: true });
  // Written beside its place and renamed, so that a killed process leaves no half picture to be served for ever.
  const draft = `${path}.${process.pid}`;
  const { format, ...pixels } = expected;
  if (format === 'OPEN_EXR' || format === 'OPEN_EXR_MULTILAYER') throw new Error(`${format} is not shown`);
  try {
    await parts.decoders.lend({ job, ...pixels, format }, async (decoder) =>
      mustBeGood(await decoder.derive(frame, what, draft)),
    );
    await rename(draft, path);
    return path;
  } finally {
    await rm(draft, { force: true });
  }
}

function mustBeGood(check: PictureCheck): void {
  if (!check.ok) throw new Error(`No picture can be made of the frame: ${check.message}.`);
}
