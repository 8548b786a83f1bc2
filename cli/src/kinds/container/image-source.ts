import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Reference } from '@parallel-pilot/shared/kinds/container/image.ts';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import { namedResult } from '../../run/named-result.ts';
import { type Making, ownFiles, type SourceFiles } from '../../run/plan.ts';
import { SentenceError } from '../../sentence-error.ts';
import { filesOfFolder } from '../command/sent-files.ts';
import { engineWith, saveImage } from './local-image.ts';

/** An image as people give it: its files, and what a submission says of it, from the hashes of those. */
export type ImageGiven = {
  files(making: Making): Promise<SourceFiles>;
  image(blobs: readonly BlobHash[]): Record<string, unknown>;
};

/** What `--image` or `--dockerfile` names; null for neither. `out`: a folder of results, which no image is built of; null for none. Throws a SentenceError. */
export async function readImage(
  { image, dockerfile }: { image?: string | undefined; dockerfile?: string | undefined },
  out: string | null,
): Promise<ImageGiven | null> {
  if (image !== undefined && dockerfile !== undefined)
    throw new SentenceError(
      'Give one of --image and --dockerfile: an image that is there, or one that is built.',
    );
  if (image !== undefined) return imageSource(image);
  return dockerfile === undefined ? null : buildSource(dockerfile, out);
}

/** An archive by its path; else what podman or docker have here under that name; else the name itself, for a worker. */
async function imageSource(image: string): Promise<ImageGiven> {
  const isFile = (await stat(image).catch(() => null))?.isFile() === true;
  if (isFile || namedResult(image) !== null)
    return {
      files: () => ownFiles(image),
      image: ([blob]) => ({ from: 'archive', blob, name: basename(image) }),
    };
  if (/^\.{0,2}\/|\.(tar|tgz|tar\.gz|oci)$/.test(image))
    throw new SentenceError(`There is no file ${image}.`);
  const reference = Reference.safeParse(image);
  if (!reference.success)
    throw new SentenceError(
      `--image ${image}: that is no name of an image, such as debian:bookworm-slim or ghcr.io/owner/name:1.0, and no file.`,
    );
  const engine = await engineWith(image);
  if (engine === null)
    return { files: () => ownFiles(), image: () => ({ from: 'reference', reference: image }) };
  return {
    files: ({ folder, signal }) => saveImage(engine, image, folder, signal),
    image: ([blob]) => ({ from: 'archive', blob, name: image }),
  };
}

async function buildSource(typed: string, out: string | null): Promise<ImageGiven> {
  const found = await stat(typed).catch(() => null);
  if (found === null) throw new SentenceError(`--dockerfile ${typed}: there is no such folder or file.`);
  const folder = found.isDirectory() ? typed : dirname(typed);
  const dockerfile = found.isDirectory() ? await fileIn(folder) : basename(typed);
  const files = await filesOfFolder(folder, out);
  return {
    files: () => ownFiles(...files.map(({ path }) => join(folder, path))),
    image: (blobs) => ({
      from: 'build',
      dockerfile,
      files: files.map((file, index) => ({ ...file, blob: blobs[index] })),
    }),
  };
}

async function fileIn(folder: string): Promise<string> {
  for (const name of ['Dockerfile', 'Containerfile'])
    if ((await stat(join(folder, name)).catch(() => null))?.isFile() === true) return name;
  throw new SentenceError(`--dockerfile ${folder}: there is no Dockerfile in that folder.`);
}
