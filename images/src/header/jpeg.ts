import { CUT_SHORT, damaged, type PictureSize, type Refused } from '../picture.ts';
import type { Reading } from './reading.ts';

/** Segments before the pixels; a colour profile of 16 MB takes 255. */
const MOST_SEGMENTS = 1_000;

/** From the frame header (SOF), which stands somewhere before the pixels. Layout: ITU-T T.81, annex B. */
export function* jpegSize(): Reading<PictureSize | Refused> {
  let at = 2;
  for (let count = 0; count < MOST_SEGMENTS; count += 1) {
    const head = yield { at, length: 9 };
    if (head.length < 9) return CUT_SHORT;
    const marker = head.readUInt8(1);
    if (head.readUInt8(0) !== 0xff || marker === START_OF_SCAN) break;
    if (isFrameHeader(marker)) {
      const [height, width] = [head.readUInt16BE(5), head.readUInt16BE(7)];
      return width === 0 || height === 0 ? damaged('has no pixels') : { width, height };
    }
    at += 2 + head.readUInt16BE(2);
  }
  return damaged('does not tell its size before its pixels');
}

const START_OF_SCAN = 0xda;
/** C4, C8 and CC are tables and an extension. */
const isFrameHeader = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
