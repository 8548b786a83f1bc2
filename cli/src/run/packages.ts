import { readdir, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { PythonVersion } from '@parallel-pilot/shared/packages/packages.ts';
import type { Command } from 'commander';
import { SentenceError } from '../sentence-error.ts';
import { checkLocalFile } from './local-file.ts';
import { packFiles } from './pack-folder.ts';
import { type Making, ownFiles, type SourceFiles } from './plan.ts';

/** Packages that a job needs: a requirements.txt or pyproject.toml, and what they are installed from. */
export type PackagesGiven = { requirements: string; wheels: WheelHouse | null };
/** A folder with `.whl` files in it, or a .zip of them. */
export type WheelHouse = { path: string; files: string[] | null };

export type PackageFlags = { requirements?: string; wheels?: string; python?: string };

export const withPackages = (command: Command, what: string): Command =>
  command
    .option(
      '--requirements <file>',
      `requirements.txt or pyproject.toml: packages to install for the ${what}`,
    )
    .option('--wheels <path>', 'folder or .zip of wheels to install them from, in place of an index')
    .option('--python <version>', 'only on workers with this Python, such as 3.11');

/** Throws a sentence for what is no version. */
export function readPython(version: string | undefined): string | null {
  if (version === undefined || PythonVersion.safeParse(version).success) return version ?? null;
  throw new SentenceError(`--python ${version} is no version such as 3.11.`);
}

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
