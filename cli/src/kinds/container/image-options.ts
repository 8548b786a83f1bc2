import { Entrypoint } from '@parallel-pilot/shared/kinds/container/image.ts';
import type { Command } from 'commander';
import type { Context } from '../../context.ts';
import { SentenceError } from '../../sentence-error.ts';
import type { RunAddition } from '../command/command.ts';
import type { Elsewhere } from '../command/plan.ts';
import { type ImageGiven, readImage } from './image-source.ts';
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
    const source = await readImage({ image, dockerfile }, out);
    if (source !== null) return elsewhere(source, how);
    const alone = network === true ? '--network' : entrypoint === undefined ? null : '--entrypoint';
    if (alone !== null)
      throw new SentenceError(`${alone} is for containers: give --image or --dockerfile too.`);
    return null;
  },
});

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

const elsewhere = ({ files, image }: ImageGiven, how: How): Elsewhere => ({
  files,
  request: (blobs) => ({ kind: 'container', image: image(blobs), ...how }),
  presenter: containerPresenter,
});
