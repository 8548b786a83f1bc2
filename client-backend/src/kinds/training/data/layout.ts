import { MOST_PLACES } from '../split/permutation.ts';
import { rowBytes } from './npy-header.ts';
import type { Npz, NpzArray } from './open-npz.ts';
import { measuredPart, type Part, partOfName } from './parts.ts';

/** Names under which labels are looked for when the settings name none, in this order; the same in pilot_data.py. */
export const LABEL_NAMES = ['label', 'labels', 'target', 'targets', 'class', 'y', 'Y'];

/** The label among names: the one given, or the first usual one; null when there is none. */
export function findLabel(names: readonly string[], given: string | null): string | null {
  if (given !== null) return names.includes(given) ? given : null;
  return LABEL_NAMES.find((name) => names.includes(name)) ?? null;
}

/** A text of more characters is no label: all different ones are held. */
export const LONGEST_LABEL = 1_024;
export const LABEL_BYTES = 4 * LONGEST_LABEL;

/** Arrays are called as scripts get them: `x` for `x_train`. */
export type NpzPart = {
  rows: number;
  /** Without that of the groups. */
  arrays: NpzArray[];
  label: NpzArray | null;
  group: NpzArray | null;
};
/** `test`: arrays that came to be measured on, of the same names as the others. */
export type NpzLayout = NpzPart & { test: NpzPart | null; leftOut: string[] };

/** Names of the arrays of labels and of groups, where they are given. */
export type NpzNames = { label: string | null; group?: string | null; mayLackGroup?: boolean };

/** What of an .npz is split how; the message completes a sentence that begins with its name. */
export function npzLayout(
  { arrays: byName }: Npz,
  { label: given, group = null, mayLackGroup = false }: NpzNames,
): ({ ok: true } & NpzLayout) | Refused {
  if (byName.size === 0) return refuse('holds no array');
  const parted = partsOf(byName);
  const train = partLayout(parted.train, given, group, mayLackGroup);
  if (!train.ok) return train;
  if (parted.test === null) return { ...train, test: null, leftOut: parted.leftOut };
  const test = partLayout(parted.test, given, group, true);
  if (!test.ok) return test;
  for (const { name, header } of train.arrays) {
    const other = parted.test.get(name)?.header;
    if (other?.descr !== header.descr || String(other.shape.slice(1)) !== String(header.shape.slice(1))) {
      return refuse(
        `cannot be used: the part to measure on has "${name}" in another shape or type than the one to train on, or not at all`,
      );
    }
  }
  return { ...train, test, leftOut: parted.leftOut };
}

type Arrays = ReadonlyMap<string, NpzArray>;
type Parted = { train: Arrays; test: Arrays | null; leftOut: string[] };

/** Every array belongs to a part, or there are none. */
function partsOf(byName: Arrays): Parted {
  const found = [...byName.values()].map((array) => ({ array, of: partOfName(array.name) }));
  const measured = measuredPart(new Set(found.map(({ of }) => of?.part ?? null)));
  if (measured === null || found.some(({ of }) => of === null))
    return { train: byName, test: null, leftOut: [] };
  const named = (part: Part) =>
    new Map(
      found.flatMap(({ array, of }) => (of?.part === part ? [[of.base, { ...array, name: of.base }]] : [])),
    );
  const leftOut = found.flatMap(({ array, of }) =>
    of?.part === 'train' || of?.part === measured ? [] : [array.name],
  );
  return { train: named('train'), test: named(measured), leftOut };
}

function partLayout(
  byName: Arrays,
  given: string | null,
  groupName: string | null,
  mayLackGroup: boolean,
): ({ ok: true } & NpzPart) | Refused {
  const all = [...byName.values()];
  const first = all[0] as NpzArray;
  for (const { name, header } of all) {
    const { kind, fortran, shape } = header;
    if (kind === 'O') {
      return refuse(
        `cannot be used: the array "${name}" holds pickled objects (dtype object), which are programs, not data. Save it with a plain dtype`,
      );
    }
    if (shape.length === 0)
      return refuse(`cannot be split: the array "${name}" is a single value without rows`);
    if (fortran && shape.length > 1 && rowBytes(header) > MOST_COLUMN_ROW_BYTES) {
      return refuse(
        `cannot be split: the array "${name}" is stored column by column (Fortran order), with too many columns for that. Save numpy.ascontiguousarray of it`,
      );
    }
    // Rows that take no bytes could be as many as a header likes to say.
    if (rowBytes(header) === 0) {
      return refuse(`cannot be split: the array "${name}" has rows without values. Leave it out`);
    }
    if ((shape[0] ?? 0) > MOST_PLACES) {
      return refuse(
        `cannot be split: the array "${name}" has more than ${MOST_PLACES.toLocaleString('en')} rows`,
      );
    }
    if (shape[0] !== first.header.shape[0]) {
      return refuse(
        `cannot be split: the array "${first.name}" has ${first.header.shape[0]} rows, and "${name}" has ${shape[0]}`,
      );
    }
  }
  const group =
    groupName === null
      ? null
      : (byName.get(groupName) ?? byName.get(partOfName(groupName)?.base ?? '') ?? null);
  const arrays = all.filter((array) => array !== group);
  const names = arrays.map((array) => array.name);
  const lacking = groupName !== null && group === null && !mayLackGroup;
  if (lacking || (group !== null && (!isKey(group) || arrays.length === 0))) {
    return refuse(
      `has no array "${groupName}" of single texts or numbers for the groups beside others; it has ${names.slice(0, 20).join(', ')}`,
    );
  }
  const named =
    findLabel(names, given === null ? null : (partOfName(given)?.base ?? given)) ?? findLabel(names, given);
  if (given !== null && named === null) {
    return refuse(`has no array "${given}" for the labels; it has ${names.slice(0, 20).join(', ')}`);
  }
  const labels = named === null ? undefined : byName.get(named);
  // A row of labels (one-hot) is no class, nor is a long text.
  const label = labels !== undefined && isKey(labels) ? labels : null;
  return { ok: true, rows: first.header.shape[0] ?? 0, arrays, label, group };
}

const isKey = ({ header: { shape, kind, itemBytes } }: NpzArray): boolean =>
  shape.length === 1 && 'biufSU'.includes(kind) && itemBytes <= LABEL_BYTES;

/** Rows of arrays that are stored column by column are put together in memory, in blocks. */
const MOST_COLUMN_ROW_BYTES = 256 * 1024;

type Refused = { ok: false; message: string };
const refuse = (message: string): Refused => ({ ok: false, message });
