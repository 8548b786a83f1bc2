import { readFile, writeFile } from 'node:fs/promises';
import type { FrameSize } from '@parallel-pilot/shared/kinds/blender/frame-size.ts';
import type { ImageFormat } from '@parallel-pilot/shared/kinds/blender/settings.ts';
import type { FailureCode } from '@parallel-pilot/shared/protocol/failures.ts';
import sharp from 'sharp';
import { readExr, withoutRunTimes } from './exr.ts';
import { jpegWithoutComments, pngWithoutText } from './stamps.ts';

// Every frame is looked at once: libvips' cache would only hold memory.
sharp.cache(false);

export type ImageCheck = { ok: true } | { ok: false; code: FailureCode; message: string };

/**
 * Makes sure that the image is there, whole and of the expected size in
 * pixels, and takes the changing stamps out of it. An OpenEXR file is checked
 * for completeness here; its pixels are decoded by Blender afterwards.
 */
export async function finishImage(
  path: string,
  format: ImageFormat,
  expected: FrameSize,
): Promise<ImageCheck> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (bytes === null || bytes.length === 0) {
    return { ok: false, code: 'no-output', message: 'Blender finished without writing the image.' };
  }
  const clean = unstamped(bytes, format);
  const size = clean === null ? null : await sizeOf(clean, format);
  if (clean === null || size === null) {
    return {
      ok: false,
      code: 'bad-output',
      message: 'The image that Blender wrote is damaged or cut short.',
    };
  }
  if (size.width !== expected.width || size.height !== expected.height) return wrongSize(size, expected);
  if (clean.length !== bytes.length) await writeFile(path, clean);
  return { ok: true };
}

function unstamped(bytes: Buffer, format: ImageFormat): Buffer | null {
  switch (format) {
    case 'PNG':
      return pngWithoutText(bytes);
    case 'JPEG':
      return jpegWithoutComments(bytes);
    case 'OPEN_EXR': {
      const exr = readExr(bytes);
      return exr === null ? null : withoutRunTimes(bytes, exr);
    }
    case 'TIFF':
      return bytes;
    default:
      return format satisfies never;
  }
}

async function sizeOf(bytes: Buffer, format: ImageFormat): Promise<FrameSize | null> {
  if (format === 'OPEN_EXR') return readExr(bytes);
  try {
    const image = sharp(bytes, { failOn: 'warning', limitInputPixels: false });
    const { info } = await image.raw().toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height };
  } catch {
    return null;
  }
}

export function wrongSize(size: FrameSize, expected: FrameSize): ImageCheck & { ok: false } {
  const [have, want] = [size, expected].map(({ width, height }) => `${width}x${height}`);
  return {
    ok: false,
    code: 'bad-output',
    message: `The image is ${have} pixels, and ${want} were expected. Something in the file changes the size while it renders.`,
  };
}
