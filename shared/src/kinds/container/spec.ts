import { z } from 'zod';
import { strictObject } from '../../model/strict-object.ts';
import { RUNS_SHAPE, RunsSpec } from '../command/spec.ts';
import { Entrypoint, ImageSource, StoredSource } from './image.ts';

/** What a user sends to have a command run in an image. */
export const ContainerSubmission = strictObject({
  kind: z.literal('container'),
  image: ImageSource,
  /** Whether its runs reach the network, on workers whose owners let them. */
  network: z.boolean().default(false),
  /** Stands before the words of the command, in the place of the image's own; empty for none, null for the image's. */
  entrypoint: Entrypoint.nullable().default(null),
  ...RUNS_SHAPE,
});
export type ContainerSubmission = z.infer<typeof ContainerSubmission>;

/** The stored spec: the submission with the sizes of its files. */
export const ContainerSpec = RunsSpec.extend({
  kind: z.literal('container'),
  image: StoredSource,
  network: z.boolean(),
  entrypoint: Entrypoint.nullable().default(null),
});
export type ContainerSpec = z.infer<typeof ContainerSpec>;
