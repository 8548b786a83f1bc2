/** What stands before the values of an array in a .npy file. */
export type NpyHeader = {
  /** As NumPy writes it: `<f4`. */
  descr: string;
  /** One letter: b, i, u, f, c, S, U, O, V, m or M. */
  kind: string;
  littleEndian: boolean;
  itemBytes: number;
  fortran: boolean;
  shape: number[];
  /** Bytes from the start of the file to the first value. */
  length: number;
};

/** Bytes that a value of a kind may have; those of floating-point numbers of more than 8 differ by machine. */
const SIZES: Partial<Record<string, readonly number[]>> = {
  b: [1],
  i: [1, 2, 4, 8],
  u: [1, 2, 4, 8],
  f: [2, 4, 8, 10, 12, 16],
  c: [8, 16, 20, 24, 32],
};

/** NumPy's own limit. */
const MOST_DIMENSIONS = 64;

/** Bytes within which a header is looked for: NumPy's own limit for one it reads by itself is 10,000. */
export const MOST_HEADER_BYTES = 65_536;

export type ParsedHeader = { ok: true; header: NpyHeader } | { ok: false; message: string };

/**
 * Reads the header of a .npy file, format 1 to 3
 * (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html), from
 * the first bytes of the file. The message completes a sentence about it.
 */
export function parseNpyHeader(start: Buffer): ParsedHeader {
  if (start.length < 10 || start.toString('latin1', 0, 6) !== '\x93NUMPY')
    return refuse('is not a NumPy array');
  const [major, minor] = [start[6] ?? 0, start[7] ?? 0];
  if (major < 1 || major > 3 || minor !== 0)
    return refuse(`has the .npy format ${major}.${minor}, which is not known here`);
  const wide = major > 1;
  const at = wide ? 12 : 10;
  const length = at + (wide ? start.readUInt32LE(8) : start.readUInt16LE(8));
  if (length > start.length) return refuse('has a header that is cut short');
  return parseDict(start.toString(major === 3 ? 'utf8' : 'latin1', at, length), length);
}

const NUMBER = '(?:0|[1-9]\\d*)L?';
const ENTRY = [
  "'descr'\\s*:\\s*'[^'\\\\]{0,64}'",
  "'fortran_order'\\s*:\\s*(?:True|False)",
  `'shape'\\s*:\\s*\\((?:(?:\\s*${NUMBER}\\s*,)+(?:\\s*${NUMBER})?)?\\s*\\)`,
].join('|');
/** Three entries and nothing else: of one that stands there twice, or in other letters, Python would take the last. */
const DICT = new RegExp(`^\\{\\s*(?:${ENTRY})(?:\\s*,\\s*(?:${ENTRY})){2}(?:\\s*,)?\\s*\\}\\s*$`);

function parseDict(text: string, length: number): ParsedHeader {
  if (/'descr'\s*:\s*\[/.test(text))
    return refuse('has records of several fields; save each field as an array');
  const descr = /'descr'\s*:\s*'([^']{0,64})'/.exec(text)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const shape = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(text)?.[1];
  const type = /^([<>|=]?)([biufcSUVmMO])(0|[1-9]\d*|)((?<=[mM]\d*)\[.*\])?$/.exec(descr ?? '');
  if (
    descr === undefined ||
    order === undefined ||
    shape === undefined ||
    type === null ||
    !DICT.test(text)
  ) {
    return refuse('has a header that cannot be read');
  }
  const [, byteOrder, kind = '', digits = ''] = type;
  const header: NpyHeader = {
    // A copy: a part of a text holds all of it in memory.
    descr: Buffer.from(descr).toString(),
    kind,
    littleEndian: byteOrder !== '>',
    itemBytes: Number(digits) * (kind === 'U' ? 4 : 1),
    fortran: order === 'True',
    shape: (shape.match(/\d+/g) ?? []).map(Number),
    length,
  };
  if (header.shape.length > MOST_DIMENSIONS) return refuse('has more dimensions than an array can have');
  const sizes = SIZES[kind];
  if (sizes !== undefined && !sizes.includes(header.itemBytes))
    return refuse(`has numbers of ${header.itemBytes} bytes (${header.descr}), which NumPy does not have`);
  return header.shape.every(Number.isSafeInteger) && Number.isSafeInteger(valueBytes(header))
    ? { ok: true, header }
    : refuse('has a shape that no file can hold');
}

/** Number of values. */
export const valueCount = ({ shape }: Pick<NpyHeader, 'shape'>): number =>
  shape.reduce((product, length) => product * length, 1);
/** Bytes of all values together. */
export const valueBytes = (header: Pick<NpyHeader, 'shape' | 'itemBytes'>): number =>
  valueCount(header) * header.itemBytes;
/** Bytes of one row, that is of all values of one index of the first dimension. */
export const rowBytes = ({ shape, itemBytes }: Pick<NpyHeader, 'shape' | 'itemBytes'>): number =>
  valueCount({ shape: shape.slice(1) }) * itemBytes;

/** A header of format 1.0 for an array of that type and shape, C order. */
export function writeNpyHeader(descr: string, shape: readonly number[]): Buffer {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // The values begin at a multiple of 64 bytes.
  const padded = `${dict.padEnd(Math.ceil((10 + dict.length + 1) / 64) * 64 - 10 - 1)}\n`;
  const start = Buffer.from('\x93NUMPY\x01\x00\x00\x00', 'latin1');
  start.writeUInt16LE(padded.length, 8);
  return Buffer.concat([start, Buffer.from(padded, 'latin1')]);
}

const refuse = (message: string): ParsedHeader => ({ ok: false, message });
