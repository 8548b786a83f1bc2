import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Entrypoint, Reference } from '@parallel-pilot/shared/kinds/container/image.ts';
import type { BlobHash } from '@parallel-pilot/shared/model/ids.ts';
import type { Command } from 'commander';
import type { Context } from '../../context.ts';
import { namedResult } from '../../run/named-result.ts';
import { ownFiles } from '../../run/plan.ts';
import { SentenceError } from '../../sentence-error.ts';
import type { RunAddition } from '../command/command.ts';
import type { Elsewhere } from '../command/plan.ts';
import { filesOfFolder } from '../command/sent-files.ts';
import { engineWith, saveImage } from './local-image.ts';
import { containerPresenter } from './presenter.ts';

/** `pilot run --image` and `--dockerfile`. */
export const imageOptions = (_: Context): RunAddition => ({
  options: (command: Command) =>
    command
      .option(
        '--image <image>',
        'run in a container: an image of this machine or of a registry, or an archive (.tar) of one',
      )
      .option(
        '--dockerfile <dir>',
        'run in a container of the image that is built of the Dockerfile in there',
      )
      .option(
        '--entrypoint <program>',
        'what the command is given to, instead of the image\'s ENTRYPOINT; \'\' for nothing, ["a", "b"] for several words',
      )
      .option('--network', 'let containers reach the network, on workers whose owners allow it'),
  examples: [
    'pilot run --image debian:bookworm-slim --array 1-8 -- sh -c "uname -a > kernel"',
    "pilot run --dockerfile . --each 'inputs/*.wav' -- ffmpeg -i {input} sound.mp3",
  ],
  async read(flags, out) {
    const { image, dockerfile, entrypoint, network } = flags as {
      image?: string;
      dockerfile?: string;
      entrypoint?: string;
      network?: boolean;
    };
    const how = { network: network ?? false, entrypoint: readEntrypoint(entrypoint) };
    if (image !== undefined && dockerfile !== undefined)
      throw new SentenceError(
        'Give one of --image and --dockerfile: an image that is there, or one that is built.',
      );
    if (image !== undefined) return elsewhere(await imageSource(image), how);
    if (dockerfile !== undefined) return elsewhere(await buildSource(dockerfile, out), how);
    const alone = network === true ? '--network' : entrypoint === undefined ? null : '--entrypoint';
    if (alone !== null)
      throw new SentenceError(`${alone} is for containers: give --image or --dockerfile too.`);
    return null;
  },
});

type Source = Pick<Elsewhere, 'files'> & { image(blobs: readonly BlobHash[]): Record<string, unknown> };

/** Null for that of the image. */
function readEntrypoint(typed: string | undefined): string[] | null {
  if (typed === undefined) return null;
  if (typed === '') return [];
  if (!typed.startsWith('[')) return [typed];
  try {
    return Entrypoint.parse(JSON.parse(typed));
  } catch (error) {
    throw new SentenceError(
      `--entrypoint ${typed}: give a program, or its words as JSON, such as '["python3", "-u"]'.`,
      { cause: error },
    );
  }
}

type How = { network: boolean; entrypoint: string[] | null };

const elsewhere = ({ files, image }: Source, how: How): Elsewhere => ({
  files,
  request: (blobs) => ({ kind: 'container', image: image(blobs), ...how }),
  presenter: containerPresenter,
});

/** An archive by its path; else what podman or docker have here under that name; else the name itself, for a worker. */
async function imageSource(image: string): Promise<Source> {
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

async function buildSource(typed: string, out: string): Promise<Source> {
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
