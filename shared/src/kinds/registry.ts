import type { StageInput } from '../protocol/stage-input.ts';
import { blender } from './blender/kind.ts';
import { command } from './command/kind.ts';
import { container } from './container/kind.ts';
import { functionKind } from './function/kind.ts';
import type { Kind } from './kind.ts';
import { training } from './training/kind.ts';

/** Every kind of job there is; the one line that a new kind adds here. */
export const KINDS = {
  blender,
  training,
  command,
  container,
  function: functionKind,
} as const;

export type KindName = keyof typeof KINDS;

/** The kind of that name, with its spec type forgotten: callers pass on what `spec` parsed. */
export function kindOf(name: string): Kind<unknown> {
  const kind = (KINDS as Record<string, unknown>)[name];
  if (kind === undefined) throw new Error(`There is no kind of job named "${name}".`);
  return kind as Kind<unknown>;
}

/** Names of the stages that are the work itself, of all kinds: a job whose first chunk of one was started runs. */
export const MAIN_STAGES: readonly string[] = Object.keys(KINDS).flatMap(
  (name) => kindOf(name).mainStage?.name ?? [],
);

/** What is wrong with a worker's result; null where it is in order, and for a kind that this version does not know. */
export const resultProblemOf = (
  kind: string,
  ...of: Parameters<Kind<unknown>['resultProblem']>
): string | null => (Object.hasOwn(KINDS, kind) ? kindOf(kind).resultProblem(...of) : null);

/** How often a chunk of such a stage is tried again where its job says so; never for a kind that this version does not know. */
export const retriesAsked = (kind: string, stageSpec: unknown): number =>
  Object.hasOwn(KINDS, kind) ? (kindOf(kind).retries?.(stageSpec) ?? 0) : 0;

/** Files that one chunk alone needs; none for a kind that this version does not know. */
export const chunkInputsOf = (kind: string, stageName: string, chunkSpec: unknown): StageInput[] =>
  Object.hasOwn(KINDS, kind) ? kindOf(kind).chunkInputs(stageName, chunkSpec) : [];
