import {
  type Expected,
  FORMAT_NAMES,
  type PictureFormat,
  type PictureSize,
  type Refused,
} from '../picture.ts';
import { exrSize } from './exr.ts';
import { jpegSize } from './jpeg.ts';
import { pngSize } from './png.ts';
import type { Reading } from './reading.ts';
import { tiffSize } from './tiff.ts';

/** The beginning of an OpenEXR does not tell whether it has layers. */
export type FileFormat = Exclude<PictureFormat, 'OPEN_EXR_MULTILAYER'>;
export type Header = ({ ok: true; format: FileFormat } & PictureSize) | Refused;

/** What a picture says of itself in its first bytes. `bytes` is the size of its file. */
export function* readHeader(bytes: number): Reading<Header> {
  const format = formatOf(yield { at: 0, length: 8 });
  if (format === null) {
    return { ok: false, wrong: 'format', message: 'the image is of no format that frames can have' };
  }
  const size = yield* SIZES[format](bytes);
  return 'ok' in size ? size : { ok: true, format, ...size };
}

/** Whether a picture says of itself what its job says of it. Comes before anything that takes memory or time. */
export function* matchHeader(bytes: number, expected: Expected): Reading<Header> {
  const header = yield* readHeader(bytes);
  if (!header.ok) return header;
  const file = expected.format === 'OPEN_EXR_MULTILAYER' ? 'OPEN_EXR' : expected.format;
  if (header.format !== file) {
    const [is, wanted] = [FORMAT_NAMES[header.format], FORMAT_NAMES[file]];
    return { ok: false, wrong: 'format', message: `the image is of format ${is} and not ${wanted}` };
  }
  if (header.width === expected.width && header.height === expected.height) return header;
  return wrongSize(header, expected);
}

export function wrongSize(has: PictureSize, expected: PictureSize): Refused {
  const [have, want] = [has, expected].map(({ width, height }) => `${width}x${height}`);
  return { ok: false, wrong: 'size', message: `the image is ${have} pixels, and ${want} were expected` };
}

const SIZES: Record<FileFormat, (bytes: number) => Reading<PictureSize | Refused>> = {
  PNG: pngSize,
  JPEG: jpegSize,
  TIFF: tiffSize,
  OPEN_EXR: exrSize,
};

function formatOf(start: Buffer): FileFormat | null {
  const hex = start.toString('hex');
  if (hex === '89504e470d0a1a0a') return 'PNG';
  if (hex.startsWith('ffd8ff')) return 'JPEG';
  if (hex.startsWith('49492a00') || hex.startsWith('4d4d002a')) return 'TIFF';
  if (hex.startsWith('762f3101')) return 'OPEN_EXR';
  return null;
}
