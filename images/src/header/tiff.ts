import { CUT_SHORT, damaged, type PictureSize, type Refused } from '../picture.ts';
import type { Reading } from './reading.ts';

/** Those of the first directory; a real one has about twenty. */
const MOST_ENTRIES = 1_000;

/** From the first directory, wherever in the file it stands. Layout: TIFF 6.0, section 2. */
export function* tiffSize(): Reading<PictureSize | Refused> {
  const head = yield { at: 0, length: 8 };
  if (head.length < 8) return CUT_SHORT;
  const little = head.readUInt8(0) === 0x49;
  const u16 = (bytes: Buffer, at: number): number =>
    little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
  const u32 = (bytes: Buffer, at: number): number =>
    little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
  const directory = u32(head, 4);
  const counted = yield { at: directory, length: 2 };
  if (counted.length < 2) return CUT_SHORT;
  const count = u16(counted, 0);
  if (count > MOST_ENTRIES) return damaged('has a directory of too many entries');
  const entries = yield { at: directory + 2, length: count * 12 };
  if (entries.length < count * 12) return CUT_SHORT;
  const numberOf = (tag: number): number => {
    for (let at = 0; at < entries.length; at += 12) {
      if (u16(entries, at) !== tag || u32(entries, at + 4) !== 1) continue;
      const type = u16(entries, at + 2);
      if (type === SHORT) return u16(entries, at + 8);
      if (type === LONG) return u32(entries, at + 8);
    }
    return 0;
  };
  const [width, height] = [numberOf(IMAGE_WIDTH), numberOf(IMAGE_LENGTH)];
  return width === 0 || height === 0 ? damaged('does not tell its size') : { width, height };
}

const [IMAGE_WIDTH, IMAGE_LENGTH] = [256, 257];
const [SHORT, LONG] = [3, 4];
