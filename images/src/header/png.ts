import { CUT_SHORT, damaged, type PictureSize, type Refused } from '../picture.ts';
import type { Reading } from './reading.ts';

/** From IHDR, which is a PNG's first chunk. Layout: https://www.w3.org/TR/png-3/#5Chunk-layout */
export function* pngSize(): Reading<PictureSize | Refused> {
  const head = yield { at: 8, length: 16 };
  if (head.length < 16) return CUT_SHORT;
  if (head.readUInt32BE(0) !== 13 || head.toString('latin1', 4, 8) !== 'IHDR') {
    return damaged('does not begin with its size');
  }
  const [width, height] = [head.readUInt32BE(8), head.readUInt32BE(12)];
  return width === 0 || height === 0 ? damaged('has no pixels') : { width, height };
}
