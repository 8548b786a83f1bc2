import { z } from 'zod';
import type { StageInput } from '../protocol/workers.ts';
import { blender } from './blender/kind.ts';
import { BlenderSubmission } from './blender/spec.ts';
import { BlenderView } from './blender/view.ts';
import type { Kind } from './kind.ts';
import { training } from './training/kind.ts';
import { TrainingSubmission } from './training/spec.ts';
import { TrainingView } from './training/view.ts';

/** Every kind of job there is; a new kind adds itself here, what a user sends, and what a user sees of it. */
export const KINDS = { blender, training } as const;
export const Submission = z.discriminatedUnion('kind', [BlenderSubmission, TrainingSubmission]);
/** What a user sends of any kind, with what is said of every job beside it. */
export const submissionWith = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.discriminatedUnion('kind', [BlenderSubmission.extend(shape), TrainingSubmission.extend(shape)]);
export const JobView = z.discriminatedUnion('kind', [BlenderView, TrainingView]);

export type KindName = keyof typeof KINDS;
export type Submission = z.infer<typeof Submission>;
export type JobView = z.infer<typeof JobView>;

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
