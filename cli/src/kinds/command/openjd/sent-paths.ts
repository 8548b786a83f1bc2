import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { JobTemplate } from './schema.ts';

/** A parameter that is a path: where it is in the folder of a run, and whether it goes there, comes back, or both. */
export type Place = { name: string; place: string; flow: 'IN' | 'OUT' | 'OUTDIR' };
/** A file that goes along: where it is here, and there. */
export type Sent = { from: string; to: string; executable: boolean };
type Found = { places: Place[]; sent: Sent[]; problems: { index: number; message: string }[] };

const MOST_FILES = 900;

/**
 * What the paths of a template stand for. What it takes (IN, INOUT) goes along; what it makes (OUT) is a place among the
 * results. Of a path of which neither is said, what is there goes along, and what is not is a place for results. Paths of
 * the template are named from its folder, in which the process is; those that are given from `folder`.
 */
export async function pathsOf(
  template: JobTemplate,
  values: ReadonlyMap<string, string>,
  isGiven: (name: string) => boolean,
  folder: string,
): Promise<Found> {
  const found: Found = { places: [], sent: [], problems: [] };
  for (const [index, one] of (template.parameterDefinitions ?? []).entries()) {
    const value = values.get(one.name) ?? '';
    if (one.type !== 'PATH' || value === '') continue;
    const from = isGiven(one.name) ? resolve(folder, value) : value;
    const there = await stat(from).catch(() => null);
    const sequence = there === null && one.objectType === 'FILE' ? await sequenceAt(from) : [];
    const isThere = there !== null || sequence.length > 0;
    const takes = one.dataFlow === 'IN' || one.dataFlow === 'INOUT' || (one.dataFlow === 'NONE' && isThere);
    if (takes && !isThere) {
      found.problems.push({ index, message: `${one.name}: there is no file or folder ${value}` });
      continue;
    }
    const place = placeOf(one.name, takes ? from : value);
    if (takes && there !== null) found.sent.push(...(await filesAt(from, place)));
    for (const name of sequence)
      found.sent.push({
        from: join(dirname(from), name),
        to: join(dirname(place), name),
        executable: false,
      });
    const isFolder = there?.isDirectory() ?? one.objectType === 'DIRECTORY';
    const flow = takes && one.dataFlow !== 'INOUT' ? 'IN' : isFolder ? 'OUTDIR' : 'OUT';
    found.places.push({ name: one.name, place, flow });
    if (found.sent.length > MOST_FILES)
      found.problems.push({
        index,
        message: `more than ${MOST_FILES} files would go along with ${value}; put them into an archive`,
      });
  }
  found.sent = [...new Map(found.sent.map((one) => [one.to, one])).values()];
  return found;
}

/** The same path there, where it lies in this folder; else one named for the parameter. */
function placeOf(name: string, value: string): string {
  const place = relative(process.cwd(), resolve(value)).split('\\').join('/');
  const inside =
    place !== '' && !place.startsWith('..') && !place.startsWith('/') && !place.startsWith('openjd/');
  return inside ? place : `${name}/${basename(resolve(value))}`;
}

async function filesAt(from: string, to: string): Promise<Sent[]> {
  const found = await stat(from);
  if (found.isFile()) return [{ from, to, executable: (found.mode & 0o111) !== 0 }];
  const sent: Sent[] = [];
  for (const name of (await readdir(from)).sort()) {
    if (name === '.git' || name === '__pycache__' || name === 'node_modules') continue;
    const below = await stat(join(from, name)).catch(() => null);
    if (below === null) continue;
    sent.push(...(await filesAt(join(from, name), `${to}/${name}`)));
    if (sent.length > MOST_FILES) break;
  }
  return sent;
}

/** Names of the files of a sequence of images: "frame_%04d.png" or "frame_####.png". */
async function sequenceAt(path: string): Promise<string[]> {
  const parts = basename(path).split(/(%0?\d*d|#+)/);
  if (parts.length === 1) return [];
  const pattern = parts
    .map((part, index) => (index % 2 === 1 ? '\\d+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('');
  const names = await readdir(dirname(path)).catch(() => []);
  return names.filter((name) => new RegExp(`^${pattern}$`).test(name)).sort();
}
