import type { NpyHeader } from '../data/npy-header.ts';
import { BadData } from './problems.ts';

/** Reads a label as pilot.py calls it: whole numbers without a point, text without its padding. */
export function decoderOf({
  kind,
  itemBytes,
  littleEndian,
}: NpyHeader): (bytes: Buffer, at: number) => string {
  switch (kind) {
    case 'U':
      return (bytes, at) => {
        let text = '';
        for (let place = at; place < at + itemBytes; place += 4) {
          const code = littleEndian ? bytes.readUInt32LE(place) : bytes.readUInt32BE(place);
          if (code !== 0) text += String.fromCodePoint(Math.min(code, 0x10ffff));
        }
        return text;
      };
    case 'S':
      return (bytes, at) => {
        let end = at + itemBytes;
        while (end > at && bytes[end - 1] === 0) end -= 1;
        return bytes.toString('latin1', at, end);
      };
    case 'f':
      return (bytes, at) => String(readFloat(bytes, at, itemBytes, littleEndian));
    default:
      return (bytes, at) => readInteger(bytes, at, itemBytes, { littleEndian, signed: kind === 'i' });
  }
}

function readFloat(bytes: Buffer, at: number, size: number, littleEndian: boolean): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, size);
  if (size === 2) return view.getFloat16(0, littleEndian);
  if (size === 4) return view.getFloat32(0, littleEndian);
  if (size === 8) return view.getFloat64(0, littleEndian);
  throw new BadData(
    'The labels are floating-point numbers of a size that is not known here. Save them as float64.',
  );
}

function readInteger(
  bytes: Buffer,
  at: number,
  size: number,
  { littleEndian, signed }: { littleEndian: boolean; signed: boolean },
): string {
  if (size === 8) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, 8);
    return String(signed ? view.getBigInt64(0, littleEndian) : view.getBigUint64(0, littleEndian));
  }
  if (littleEndian) return String(signed ? bytes.readIntLE(at, size) : bytes.readUIntLE(at, size));
  return String(signed ? bytes.readIntBE(at, size) : bytes.readUIntBE(at, size));
}
