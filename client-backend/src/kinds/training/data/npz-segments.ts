import type { DataFile } from './data-file.ts';
import { LABEL_BYTES, type NpzPart } from './layout.ts';
import type { NpyHeader } from './npy-header.ts';
import type { Npz, NpzArray } from './open-npz.ts';
import { partOfName } from './parts.ts';

/** Rows of one file, whose arrays are called as those of the first. */
export type NpzSegment = { file: DataFile; npz: Npz; part: NpzPart };

/** An array of all segments; of texts, as wide as the widest. */
export type JoinedArray = { name: string; header: NpyHeader };

/** A part in the names and the order of the first; the message completes "b.npz" … "a.npz". */
export function fitted(
  part: NpzPart,
  first: NpzPart,
): { ok: true; part: NpzPart } | { ok: false; message: string } {
  const arrays: NpzArray[] = [];
  for (const { name, header } of first.arrays) {
    const found =
      part.arrays.find((array) => array.name === name) ??
      part.arrays.find((array) => baseOf(array.name) === baseOf(name));
    if (found === undefined) return { ok: false, message: `has no array "${name}", as has` };
    if (!isLike(found.header, header)) {
      return { ok: false, message: `has the array "${found.name}" in another shape or type than` };
    }
    arrays.push({ ...found, name });
  }
  if (part.arrays.length > arrays.length) {
    const taken = new Set(arrays.map(({ entry }) => entry));
    const extra = part.arrays.find(({ entry }) => !taken.has(entry));
    return { ok: false, message: `has an array "${extra?.name}", which is not in` };
  }
  const label = first.label === null ? null : (arrays.find(({ name }) => name === first.label?.name) ?? null);
  return { ok: true, part: { rows: part.rows, arrays, label, group: part.group } };
}

/** `x` of `x_test`. */
const baseOf = (name: string): string => partOfName(name)?.base ?? name;

const isLike = (one: NpyHeader, other: NpyHeader): boolean =>
  String(one.shape.slice(1)) === String(other.shape.slice(1)) &&
  (one.descr === other.descr ||
    ('SU'.includes(one.kind) &&
      one.kind === other.kind &&
      one.littleEndian === other.littleEndian &&
      Math.max(one.itemBytes, other.itemBytes) <= LABEL_BYTES));

/** What the segments have in common. Long texts are not widened: a single one would make all rows as long. */
export function joinedArrays(segments: readonly NpzSegment[]): JoinedArray[] {
  const all = segments.flatMap(({ part }) => part.arrays);
  return (segments[0]?.part.arrays ?? []).map(({ name, header }) => {
    const widest = all
      .filter((array) => array.name === name)
      .reduce((best, array) => (array.header.itemBytes > best.itemBytes ? array.header : best), header);
    return { name, header: { ...header, descr: widest.descr, itemBytes: widest.itemBytes } };
  });
}
