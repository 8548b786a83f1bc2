/** What the first bytes of an uncompressed .blend say. */
export type BlendHeader = {
  /** The Blender that saved it: "2.79", "3.4", "5.10". */
  version: string;
  /** In bytes. */
  length: number;
  /** How its blocks start; null for a layout newer than those known here. */
  block: BlendBlock | null;
};

/** A block's head of `size` bytes holds its length in 4 bytes (8 when `wide`), `lengthAt` from its start. */
export type BlendBlock = { size: number; lengthAt: number; wide: boolean; bigEndian: boolean };

/** Bytes that tell all of it. */
export const BLEND_HEADER_BYTES = 17;

/**
 * Reads a header, given as one character for each byte; null when it is not a
 * .blend's. The layout is Blender's own (BLO_core_blend_header.hh).
 */
export function parseBlendHeader(text: string): BlendHeader | null {
  // "BLENDER-v304": pointers of 8 (-) or 4 (_) bytes, little (v) or big (V) endian, version.
  const old = /^BLENDER([-_])([vV])(\d)(\d\d)/.exec(text);
  if (old !== null) {
    const [, pointers, endian, major, minor] = old;
    const size = pointers === '-' ? 24 : 20;
    const block = { size, lengthAt: 4, wide: false, bigEndian: endian === 'V' };
    return { version: versionOf(Number(major), Number(minor)), length: 12, block };
  }
  // "BLENDER17-01v0500": length of the header, version of the format, endian, version. Written since Blender 5.0.
  const recent = /^BLENDER(\d\d)-(\d\d)([vV])(\d\d)(\d\d)/.exec(text);
  if (recent === null) return null;
  const [, length, format, endian, major, minor] = recent;
  const block = { size: 32, lengthAt: 16, wide: true, bigEndian: endian === 'V' };
  const version = versionOf(Number(major), Number(minor));
  return { version, length: Number(length), block: format === '01' ? block : null };
}

// Before 3.0 the minor part was written with two digits: 2.79, 2.80.
const versionOf = (major: number, minor: number): string =>
  `${major}.${major < 3 ? String(minor).padStart(2, '0') : minor}`;
