import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { ImageFormat } from '@parallel-pilot/shared/kinds/blender/settings.ts';
import type { BlobStore } from '@parallel-pilot/shared/server/blobs/blob-store.ts';
import { execa } from 'execa';
import PQueue from 'p-queue';
import sharp from 'sharp';
import { readExrLayout } from './exr-layout.ts';
import { type RenderedFrame, type Unusable, unusable } from './rendered-frames.ts';

export type ImageSize = { width: number; height: number };
export type Checked = { ok: true } | { ok: false; bad: Unusable[] };

/** Two decoders at once: the other core belongs to the frames of other jobs. */
const AT_ONCE = 2;

/**
 * Looks at every frame once more before the video is made: its bytes are those
 * that were delivered, it decodes from the first line to the last, and it has
 * the size that was asked for. Tells all that is wrong at once.
 */
export async function checkFrames(
  blobs: BlobStore,
  frames: readonly RenderedFrame[],
  { format, size }: { format: ImageFormat; size: ImageSize },
  onChecked: (count: number) => void,
  signal: AbortSignal,
): Promise<Checked> {
  const bad: Unusable[] = [];
  const queue = new PQueue({ concurrency: AT_ONCE });
  let count = 0;
  let trouble: unknown;
  const look = async (frame: RenderedFrame): Promise<void> => {
    signal.throwIfAborted();
    const seen = await checkFrame(blobs, frame, format);
    const right = seen.ok && seen.width === size.width && seen.height === size.height;
    if (!seen.ok) bad.push(unusable(frame.chunk, `Frame ${frame.frame}: ${seen.message}.`));
    else if (!right) bad.push(odd(frame, seen, size));
    count += 1;
    onChecked(count);
  };
  for (const frame of frames) {
    // As many wait as work: 100,000 closures are not made at once.
    await queue.onSizeLessThan(AT_ONCE);
    if (trouble !== undefined) break;
    queue
      .add(() => look(frame))
      .catch((error) => {
        trouble ??= error;
      });
  }
  await queue.onIdle();
  if (trouble !== undefined) throw trouble;
  return bad.length > 0 ? { ok: false, bad } : { ok: true };
}

const odd = (frame: RenderedFrame, has: ImageSize, asked: ImageSize): Unusable =>
  unusable(
    frame.chunk,
    `Frame ${frame.frame} is ${has.width} x ${has.height} pixels, and ${asked.width} x ${asked.height} were asked for.`,
  );

type Seen = ({ ok: true } & ImageSize) | { ok: false; message: string };

async function checkFrame(blobs: BlobStore, frame: RenderedFrame, format: ImageFormat): Promise<Seen> {
  const size = await blobs.size(frame.hash);
  if (size === null) return { ok: false, message: 'the image is not in the store any more' };
  const path = blobs.localPath(frame.hash);
  if (size !== frame.size || (await hashOf(path)) !== frame.hash) {
    // Equal pixels have an equal hash: left in its place, the damaged file would be taken for the new one.
    await blobs.delete(frame.hash);
    return { ok: false, message: 'the stored image is damaged' };
  }
  return format === 'OPEN_EXR' ? decodeExr(path) : decodeImage(path);
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

async function decodeImage(path: string): Promise<Seen> {
  try {
    const image = sharp(path, { failOn: 'warning', sequentialRead: true, limitInputPixels: false });
    const { width, height } = await image.metadata();
    // Statistics need every pixel, and hold but a few lines in memory at a time.
    await image.stats();
    return { ok: true, width, height };
  } catch (error) {
    return { ok: false, message: `the image does not decode (${firstLine(String(error))})` };
  }
}

async function decodeExr(path: string): Promise<Seen> {
  const layout = await readExrLayout(path);
  if (!layout.ok) return layout;
  const options = ['-v', 'error', '-f', 'exr_pipe', '-i', path];
  const shown = await execa(
    'ffprobe',
    [...options, '-show_entries', 'frame=width,height', '-of', 'csv=p=0'],
    {
      reject: false,
    },
  );
  // Without the program nothing was learned about the frame.
  if (shown.exitCode === undefined) throw shown;
  const decoded = shown.exitCode === 0 && shown.stdout.trim() !== '' && shown.stderr.trim() === '';
  if (!decoded) return { ok: false, message: `the image does not decode (${firstLine(shown.stderr)})` };
  return layout;
}

const firstLine = (text: string): string => text.trim().split('\n')[0]?.slice(0, 200) ?? '';
