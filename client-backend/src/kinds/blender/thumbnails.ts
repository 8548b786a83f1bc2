import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { execa } from 'execa';
import PQueue from 'p-queue';
import sharp, { type Sharp } from 'sharp';
import type { Parts } from '../../parts.ts';
import { TONE_MAP } from './video-filters.ts';

// Each image is opened once; libvips would keep the last ones in memory for nothing.
sharp.cache(false);

/** `thumbnail`: 256 pixels wide or high at most. `preview`: the whole picture in a form that browsers show. */
export type Derived = 'thumbnail' | 'preview';

/** A page asks for a hundred at once; two are made at a time. */
const queue = new PQueue({ concurrency: 2 });
const under = new Map<string, Promise<string>>();

/** The path of a WebP made from a frame; made once, then kept on disk under the frame's hash. */
export async function derivedImage(
  parts: Pick<Parts, 'config' | 'blobs'>,
  hash: BlobHash,
  mediaType: string,
  what: Derived,
): Promise<string> {
  const path = placeOf(parts, hash, what);
  if (await exists(path)) return path;
  const already = under.get(path);
  if (already !== undefined) return already;
  const made = queue
    .add(() => make(parts.blobs.localPath(hash), mediaType, what, path))
    .finally(() => under.delete(path));
  under.set(path, made);
  return made;
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

async function make(source: string, mediaType: string, what: Derived, path: string): Promise<string> {
  const input = mediaType === 'image/x-exr' ? await exrToPng(source) : source;
  await mkdir(dirname(path), { recursive: true });
  // Written beside its place and renamed, so that a killed process leaves no half picture to be served for ever.
  const draft = `${path}.${process.pid}`;
  const image = sharp(input, { limitInputPixels: false });
  const sized =
    what === 'thumbnail'
      ? image.resize(256, 256, { fit: 'inside', withoutEnlargement: true })
      : withinWebp(image);
  await sized
    .webp({ quality: what === 'thumbnail' ? 80 : 90 })
    .toFile(draft)
    .then(
      () => rename(draft, path),
      async (error: unknown) => {
        await rm(draft, { force: true });
        throw error;
      },
    );
  return path;
}

// The longest side that WebP can have.
const withinWebp = (image: Sharp) =>
  image.resize(16_383, 16_383, { fit: 'inside', withoutEnlargement: true });

/** libvips as it comes with sharp knows no OpenEXR; ffmpeg does, and shows it as the video will. */
async function exrToPng(source: string): Promise<Buffer> {
  const filters = [...TONE_MAP, 'format=gbrp'].join(',');
  const { stdout } = await execa(
    'ffmpeg',
    [
      '-v',
      'error',
      '-f',
      'exr_pipe',
      '-i',
      source,
      '-vf',
      filters,
      '-frames:v',
      '1',
      '-f',
      'image2pipe',
      '-c:v',
      'png',
      '-',
    ],
    { encoding: 'buffer', maxBuffer: 1 << 30 },
  );
  return Buffer.from(stdout);
}
