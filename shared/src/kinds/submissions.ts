import { z } from 'zod';
import { BlenderSubmission } from './blender/spec.ts';
import { CommandSubmission } from './command/spec.ts';
import { ContainerSubmission } from './container/spec.ts';
import { FunctionSubmission } from './function/spec.ts';
import { TrainingSubmission } from './training/spec.ts';

/**
 * What a user sends to have a job of each kind made, without what every job has; `kind` is the literal name. A line that
 * a new kind adds.
 */
export const SUBMISSIONS = {
  blender: BlenderSubmission,
  training: TrainingSubmission,
  command: CommandSubmission,
  container: ContainerSubmission,
  function: FunctionSubmission,
} as const;

type AnySubmission = (typeof SUBMISSIONS)[keyof typeof SUBMISSIONS];
const all = () => Object.values(SUBMISSIONS) as z.ZodObject<{ kind: z.ZodLiteral<string> }>[];

/** What a user sends of any kind. */
export type Submission = z.output<AnySubmission>;
export const Submission = z.discriminatedUnion('kind', all() as never) as z.ZodType as z.ZodType<Submission>;

/** The same with what is said of every job beside it. */
export function submissionWith<Shape extends z.ZodRawShape>(
  shape: Shape,
): z.ZodType<
  z.output<AnySubmission> & z.output<z.ZodObject<Shape>>,
  z.input<AnySubmission> & z.input<z.ZodObject<Shape>>
> {
  return z.discriminatedUnion('kind', all().map((sent) => sent.extend(shape)) as never) as never;
}
