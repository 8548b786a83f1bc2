import { MOST_PLACES } from '../split/permutation.ts';
import { rowBytes } from './npy-header.ts';
import type { Npz, NpzArray } from './open-npz.ts';

/** Names under which labels are looked for when the settings name none, in this order; the same in pilot.py. */
export const LABEL_NAMES = ['label', 'labels', 'target', 'targets', 'class', 'y', 'Y'];

/** The label among names: the one given, or the first usual one; null when there is none. */
export function findLabel(names: readonly string[], given: string | null): string | null {
  if (given !== null) return names.includes(given) ? given : null;
  return LABEL_NAMES.find((name) => names.includes(name)) ?? null;
}

/** A text of more characters is no label: all different ones are held. */
export const LONGEST_LABEL = 1_024;
const LABEL_BYTES = 4 * LONGEST_LABEL;

export type NpzLayout = { rows: number; arrays: NpzArray[]; label: NpzArray | null };

/** What of an .npz is split how; the message completes a sentence that begins with its name. */
export function npzLayout(
  { arrays: byName }: Npz,
  given: string | null,
): ({ ok: true } & NpzLayout) | { ok: false; message: string } {
  const arrays = [...byName.values()];
  const [first] = arrays;
  if (first === undefined) return refuse('holds no array');
  for (const { name, header } of arrays) {
    const { kind, fortran, shape } = header;
    if (kind === 'O') {
      return refuse(
        `cannot be used: the array "${name}" holds pickled objects (dtype object), which are programs, not data. Save it with a plain dtype`,
      );
    }
    if (shape.length === 0)
      return refuse(`cannot be split: the array "${name}" is a single value without rows`);
    if (fortran && shape.length > 1) {
      return refuse(
        `cannot be split: the array "${name}" is stored column by column (Fortran order). Save numpy.ascontiguousarray of it`,
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
  const names = arrays.map((array) => array.name);
  const label = findLabel(names, given);
  if (given !== null && label === null) {
    return refuse(`has no array "${given}" for the labels; it has ${names.slice(0, 20).join(', ')}`);
  }
  const labels = label === null ? undefined : byName.get(label);
  // A row of labels (one-hot) is no class, nor is a long text.
  const usable =
    labels !== undefined &&
    labels.header.shape.length === 1 &&
    'biufSU'.includes(labels.header.kind) &&
    labels.header.itemBytes <= LABEL_BYTES;
  return { ok: true, rows: first.header.shape[0] ?? 0, arrays, label: usable ? labels : null };
}

const refuse = (message: string): { ok: false; message: string } => ({ ok: false, message });
