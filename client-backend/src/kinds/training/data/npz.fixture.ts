import { buffer } from 'node:stream/consumers';
import { ZipArchive } from 'archiver';

/** An array as it lies in a .npy file; `bytes` are its values. */
export type FixtureArray = {
  descr: string;
  shape: number[];
  bytes: Buffer;
  fortran?: boolean;
  version?: 1 | 2 | 3;
};

/** A .npy file, whatever sense it makes. */
export function npyBytes({ descr, shape, bytes, fortran = false, version = 1 }: FixtureArray): Buffer {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const dict = `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': ${tuple}, }`;
  const before = version === 1 ? 10 : 12;
  const text = `${dict.padEnd(Math.ceil((before + dict.length + 1) / 64) * 64 - before - 1)}\n`;
  const length = Buffer.alloc(before - 8);
  if (version === 1) length.writeUInt16LE(text.length);
  else length.writeUInt32LE(text.length);
  return Buffer.concat([
    Buffer.from(`\x93NUMPY${String.fromCharCode(version)}\0`, 'latin1'),
    length,
    Buffer.from(text),
    bytes,
  ]);
}

/** A .npz of these arrays. */
export function npzBytes(arrays: Record<string, FixtureArray>, { store = true } = {}): Promise<Buffer> {
  return zipBytes(
    Object.entries(arrays).map(([name, array]) => [`${name}.npy`, npyBytes(array)]),
    { store },
  );
}

export async function zipBytes(
  files: [name: string, bytes: Buffer][],
  { store = true } = {},
): Promise<Buffer> {
  const zip = new ZipArchive({ store });
  for (const [name, bytes] of files) zip.append(bytes, { name, date: new Date(1980, 0, 1) });
  void zip.finalize();
  return buffer(zip);
}

/** An archive of one file with something before it, of which its table of contents knows. */
export function behind(front: Buffer, zip: Buffer): Buffer {
  const bytes = Buffer.concat([front, zip]);
  const end = bytes.length - 22;
  const table = front.length + bytes.readUInt32LE(end + 16);
  bytes.writeUInt32LE(table, end + 16);
  bytes.writeUInt32LE(front.length, table + 42);
  return bytes;
}

export const floats = (values: number[], shape = [values.length]): FixtureArray => ({
  descr: '<f4',
  shape,
  bytes: Buffer.from(new Float32Array(values).buffer),
});
export const integers = (values: number[], shape = [values.length]): FixtureArray => ({
  descr: '<i8',
  shape,
  bytes: Buffer.from(new BigInt64Array(values.map(BigInt)).buffer),
});
