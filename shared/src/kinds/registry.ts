import { z } from 'zod';
import type { StageInput } from '../protocol/workers.ts';
import { blender } from './blender/kind.ts';
import type { Kind } from './kind.ts';
import { training } from './training/kind.ts';

/** Every kind of job there is; the one line that a new kind adds here. */
export const KINDS = {
  blender,
  training,
} as const;

export type KindName = keyof typeof KINDS;
type AnyKind = (typeof KINDS)[KindName];
const schemasOf = <Schema>(of: (kind: AnyKind) => Schema) =>
  Object.values(KINDS).map(of) as [Schema, ...Schema[]];

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

/** The kind of that name, with its spec type forgotten: callers pass on what `spec` parsed. */
export function kindOf(name: string): Kind<unknown> {
  const kind = (KINDS as Record<string, unknown>)[name];
  if (kind === undefined) throw new Error(`There is no kind of job named "${name}".`);
  return kind as Kind<unknown>;
}

/** What is wrong with a worker's result; null where it is in order, and for a kind that this version does not know. */
export const resultProblemOf = (
  kind: string,
  ...of: Parameters<Kind<unknown>['resultProblem']>
): string | null => (Object.hasOwn(KINDS, kind) ? kindOf(kind).resultProblem(...of) : null);

/** Files that one chunk alone needs; none for a kind that this version does not know. */
export const chunkInputsOf = (kind: string, stageName: string, chunkSpec: unknown): StageInput[] =>
  Object.hasOwn(KINDS, kind) ? kindOf(kind).chunkInputs(stageName, chunkSpec) : [];
