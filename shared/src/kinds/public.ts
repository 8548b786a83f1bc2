import { z } from 'zod';
import { blenderPublic } from './blender/public.ts';
import { commandPublic } from './command/public.ts';
import { trainingPublic } from './training/public.ts';

/**
 * What people send, see and are told of every kind; the other line that a new kind adds. The site fetches this at a
 * first visit, and not how a kind plans its work.
 */
export const PUBLIC_KINDS = {
  blender: blenderPublic,
  training: trainingPublic,
  command: commandPublic,
} as const;

type AnyKind = (typeof PUBLIC_KINDS)[keyof typeof PUBLIC_KINDS];
const schemasOf = <Schema>(of: (kind: AnyKind) => Schema) =>
  Object.values(PUBLIC_KINDS).map(of) as [Schema, ...Schema[]];

/** What a user sends of any kind. */
export type Submission = z.output<AnyKind['sent']>;
export const Submission: z.ZodType<Submission> = z.discriminatedUnion(
  'kind',
  schemasOf(({ sent }): z.ZodObject<{ kind: z.ZodLiteral<string> }> => sent),
) as z.ZodType<unknown> as z.ZodType<Submission>;

/** The same with what is said of every job beside it. */
export function submissionWith<Shape extends z.ZodRawShape>(
  shape: Shape,
): z.ZodType<
  z.output<AnyKind['sent']> & z.output<z.ZodObject<Shape>>,
  z.input<AnyKind['sent']> & z.input<z.ZodObject<Shape>>
> {
  const schemas = schemasOf(({ sent }) =>
    (sent as z.ZodObject<{ kind: z.ZodLiteral<string> }>).extend(shape),
  );
  return z.discriminatedUnion('kind', schemas as never) as never;
}

/** What a user sees of any kind. */
export type JobView = z.output<AnyKind['view']>;
export const JobView = z.discriminatedUnion(
  'kind',
  schemasOf(({ view }) => view) as never,
) as z.ZodType as z.ZodType<JobView>;
