import { z } from 'zod';
import { RelativePath } from '../../model/path.ts';
import { RunsStage } from '../command/stages.ts';
import { Entrypoint, Image, Reference } from './image.ts';

/*
 * archive | fetch | build -> runs -> runs of what was left over -> … -> gather
 *
 * The first has one chunk, but for `archive`, which has none. Its stage task takes the archive of the image apart, that was
 * sent or that the chunk has made. All runs are of this one image, whatever its name comes to mean.
 */

export const ARCHIVE = 'archive';
export const FETCH = 'fetch';
export const BUILD = 'build';

/** `network`: whether steps of the Dockerfile may reach it. */
export const ImageStage = z.discriminatedUnion('from', [
  z.object({ from: z.literal('archive') }),
  z.object({ from: z.literal('reference'), reference: Reference }),
  z.object({
    from: z.literal('build'),
    dockerfile: RelativePath,
    /** Paths of the files that may be run. */
    executables: z.array(RelativePath),
    network: z.boolean(),
  }),
]);
export type ImageStage = z.infer<typeof ImageStage>;

/** The file that the chunk of `fetch` or `build` hands in: what `podman save` writes. */
export const IMAGE_FILE = 'image.tar';
export const ImageMade = z.object({ bytes: z.int().positive() });

/** The stages of runs, and of what puts together what they left, with what is around them. */
export const ContainerStage = RunsStage.extend({
  image: Image,
  name: z.string(),
  network: z.boolean(),
  /** Stands before the words. */
  entrypoint: Entrypoint.default([]),
});
export type ContainerStage = z.infer<typeof ContainerStage>;

/** Folders of a chunk's inputs: what the command finds, and what its image is made of. */
export const INPUTS = { files: 'files', image: 'image' } as const;
export const CONFIG_INPUT = `${INPUTS.image}/config.json`;
export const layerInput = (index: number): string => `${INPUTS.image}/${index}.tar`;
