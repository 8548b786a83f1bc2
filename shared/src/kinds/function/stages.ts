import { z } from 'zod';
import { RelativePath } from '../../model/path.ts';
import { Image } from '../container/image.ts';
import { FunctionName } from './name.ts';
import { FunctionSettings } from './settings.ts';

/** The stage whose chunks are instances: one process each, which takes calls until it is told to end. */
export const INSTANCES = 'instances';

export const InstancesStage = z.object({
  name: FunctionName,
  version: z.int().positive(),
  /** Among the inputs, or from the root of the image. */
  handler: z.string(),
  settings: FunctionSettings,
  /** The image that brings its interpreter; null for that of the worker. */
  image: z.preprocess(
    inLaterForm,
    z.object({ image: Image.nullable(), name: z.string(), network: z.boolean() }).nullable().default(null),
  ),
  /** Its packages among the inputs; null where it takes what the worker has. */
  packages: RelativePath.nullable().default(null),
});
/** Stages of before 0043 have the name alone, by which each worker looked for it. */
function inLaterForm(image: unknown): unknown {
  return typeof image === 'string' ? { image: null, name: image, network: false } : image;
}
export type InstancesStage = z.infer<typeof InstancesStage>;

export const InstanceChunk = z.object({ instance: z.int().positive() });
export type InstanceChunk = z.infer<typeof InstanceChunk>;

/** What an instance reports at its end. */
export const InstanceResult = z.object({ calls: z.int().nonnegative() });
export type InstanceResult = z.infer<typeof InstanceResult>;
