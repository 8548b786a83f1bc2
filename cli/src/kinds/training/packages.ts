import { readdir, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { checkLocalFile } from '../../run/local-file.ts';
import { packFiles } from '../../run/pack-folder.ts';
import { type Making, ownFiles, type SourceFiles } from '../../run/plan.ts';
import { SentenceError } from '../../sentence-error.ts';

/** Packages that the script needs: a requirements.txt or pyproject.toml, and what they are installed from. */
export type PackagesGiven = { requirements: string; wheels: WheelHouse | null };
/** A folder with `.whl` files in it, or a .zip of them. */
export type WheelHouse = { path: string; files: string[] | null };

/** Throws a sentence for files that are not there, or are of another sort. */
export async function readPackages(
  requirements: string | undefined,
  wheels: string | undefined,
): Promise<PackagesGiven | null> {
  if (requirements === undefined) {
    if (wheels === undefined) return null;
    throw new SentenceError('--wheels goes with --requirements, which says what of them to install.');
  }
  const file = await checkLocalFile(requirements, 'Give a requirements.txt or pyproject.toml.');
  if (!file.ok) throw new SentenceError(file.message);
  return { requirements, wheels: wheels === undefined ? null : await readWheels(wheels) };
}

async function readWheels(path: string): Promise<WheelHouse> {
  const found = await stat(path).catch(() => null);
  if (found === null)
    throw new SentenceError(`There is no ${path}. Give a folder of wheels, or a .zip of them.`);
  if (!found.isDirectory()) {
    if (/\.zip$/i.test(path)) return { path, files: null };
    throw new SentenceError(`${path} is no folder and no .zip. Give a folder of wheels, or a .zip of them.`);
  }
  const files = (await readdir(path)).filter((name) => /\.(whl|tar\.gz)$/.test(name)).sort();
  if (files.length > 0) return { path, files };
  throw new SentenceError(
    `${path} holds no .whl. "pip wheel -r requirements.txt -w ${path}" puts them there.`,
  );
}

/** The name under which the farm gets them. */
export const wheelsName = ({ path, files }: WheelHouse): string =>
  files === null ? path : `${basename(resolve(path))}.zip`;

/** The files to send, the requirements first. */
export async function sentPackages(
  packages: PackagesGiven | null,
  { folder, signal }: Pick<Making, 'folder' | 'signal'>,
): Promise<SourceFiles> {
  if (packages === null) return ownFiles();
  const { requirements, wheels } = packages;
  if (wheels === null) return ownFiles(requirements);
  if (wheels.files === null) return ownFiles(requirements, wheels.path);
  const packed = await packFiles(wheels.path, wheels.files, folder, () => {}, signal);
  return { paths: [requirements, packed.path], remove: packed.remove };
}
