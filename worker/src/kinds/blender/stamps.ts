import { crc32 } from 'node:zlib';

/**
 * Removes the text that Blender writes into an image even with all stamps off
 * (Cycles adds how long each step took), so that equal pixels give equal
 * bytes. Null when the file's structure is damaged or cut short.
 */
export function pngWithoutText(bytes: Buffer): Buffer | null {
  if (!bytes.subarray(0, 8).equals(PNG_SIGNATURE)) return null;
  const kept: Buffer[] = [PNG_SIGNATURE];
  let at = 8;
  while (at + 12 <= bytes.length) {
    const end = at + 12 + bytes.readUInt32BE(at);
    if (end > bytes.length || crc32(bytes.subarray(at + 4, end - 4)) !== bytes.readUInt32BE(end - 4))
      return null;
    const type = bytes.toString('latin1', at + 4, at + 8);
    if (!PNG_TEXT.has(type)) kept.push(bytes.subarray(at, end));
    if (type === 'IEND') return Buffer.concat(kept);
    at = end;
  }
  return null;
}

/** The same for JPEG, whose comments stand in segments of their own before the pixels. */
export function jpegWithoutComments(bytes: Buffer): Buffer | null {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xffd8) return null;
  // The end mark is missing from a cut file, which decoders forgive.
  if (bytes.readUInt16BE(bytes.length - 2) !== 0xffd9) return null;
  const kept = [bytes.subarray(0, 2)];
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1];
    if (marker === START_OF_SCAN) return Buffer.concat([...kept, bytes.subarray(at)]);
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    if (end > bytes.length) return null;
    if (marker !== COMMENT) kept.push(bytes.subarray(at, end));
    at = end;
  }
  return null;
}

const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const PNG_TEXT = new Set(['tEXt', 'zTXt', 'iTXt', 'tIME', 'eXIf']);
const START_OF_SCAN = 0xda;
const COMMENT = 0xfe;
