import type { z } from 'zod';
import { ENVIRONMENT, EnvironmentResult } from '../../packages/packages.ts';
import type { StageInput } from '../../protocol/stage-input.ts';
import type { Kind, NextStep, PlanningContext } from '../kind.ts';
import { afterEnvironment, afterSplit, planSplit } from './beginning.ts';
import { sentStart } from './found-start.ts';
import { afterMeasure, MEASURE } from './local-evaluation.ts';
import { needInWords, requirementsOf } from './needs.ts';
import { trainingPublic } from './public.ts';
import { afterInitialize, afterMerge, afterTrain } from './rounds.ts';
import { MaskedResult, SecureChunk, SharesResult, UnmaskResult } from './secure/messages.ts';
import { MASKED, SHARES, UNMASK } from './secure/names.ts';
import { afterMasked, afterShares, afterUnmask } from './secure-rounds.ts';
import { Code, Source } from './spec.ts';
import {
  EvaluateResult,
  InitializeResult,
  InitializeSpec,
  MeasureChunk,
  MergeResult,
  RoundChunk,
  ShardChunk,
  TrainResult,
  TrainSpec,
} from './stages.ts';
import { TrainingSpec } from './stored-spec.ts';

/** Training a script over shards: split, first weights, then train and merge round after round, then evaluate. */
export const training = {
  ...trainingPublic,
  endings: ['.py'],
  spec: TrainingSpec,
  settings: null,
  submission: ({
    modules: _,
    once: __,
    packages,
    requirements,
    script,
    code,
    data,
    moreData,
    localData,
    test,
    from,
    ...sent
  }) => ({
    ...sent,
    localData: localData?.name ?? null,
    script: Source.strip().parse(script),
    code: Code.strip().nullable().parse(code),
    data: Source.strip().nullable().parse(data),
    moreData: moreData.map((file) => Source.strip().parse(file)),
    test: Source.strip().nullable().parse(test),
    requirements: Source.strip().nullable().parse(requirements),
    wheels: Source.strip()
      .nullable()
      .parse(packages?.wheels ?? null),
    ...(from === null ? {} : { from: sentStart(from) }),
  }),
  needs: () => requirementsOf([]),
  lessen: 'fewer rounds or less data',
  needInWords,
  first: planSplit,
  next(context) {
    switch (context.last.name) {
      case 'split':
        return afterSplit(context);
      case ENVIRONMENT:
        return failureOf(context) ?? afterEnvironment(context);
      case 'initialize':
        return failureOf(context) ?? afterInitialize(context);
      case 'train':
        return afterTrain(context);
      case SHARES:
        return afterShares(context);
      case MASKED:
        return afterMasked(context);
      case UNMASK:
        return afterUnmask(context);
      case 'merge':
        return failureOf(context) ?? afterMerge(context);
      case MEASURE:
        return afterMeasure(context);
      case 'evaluate':
        return failureOf(context) ?? { step: 'assemble' };
      default:
        throw new Error(`a training has no stage "${context.last.name}"`);
    }
  },
  redoes: [],
  parseResult(stageName, result) {
    const schema = RESULTS[stageName];
    if (schema === undefined) throw new Error(`a chunk of the stage "${stageName}" has no result`);
    return schema.parse(result);
  },
  resultProblem({ name, spec }, _chunkSpec, result) {
    const schema = RESULTS[name];
    if (schema === undefined) return null;
    if (!schema.safeParse(result).success)
      return 'The report of the worker does not have the form it should have.';
    if (name === 'train' && TrainSpec.parse(spec).secure !== null && TrainResult.parse(result).keys === null)
      return 'The worker handed in no keys for the secure aggregation.';
    if (name !== 'initialize' || InitializeSpec.parse(spec).start === null) return null;
    // One of before it knew of any would have begun with the script's own.
    return InitializeResult.parse(result).started === null
      ? 'The worker left out the weights that the training is to start from. Its version may be too old.'
      : null;
  },
  chunkInputs(stageName, chunkSpec): StageInput[] {
    if (stageName !== 'initialize' && stageName !== 'train') return [];
    const { data, kept } = ShardChunk.parse(chunkSpec);
    return [data, kept].filter((input) => input !== null);
  },
  label(stageName, chunkSpec) {
    switch (stageName) {
      case ENVIRONMENT:
        return 'Installing packages';
      case 'initialize':
        return 'First weights';
      case 'train': {
        const { round, shard, member } = ShardChunk.parse(chunkSpec);
        return member === null ? `Round ${round}, shard ${shard + 1}` : `Worker ${member + 1}`;
      }
      case SHARES:
        return `${ofRound(chunkSpec)}: keys`;
      case MASKED:
        return `${ofRound(chunkSpec)}: masked update`;
      case UNMASK:
        return `${ofRound(chunkSpec)}: unmasking`;
      case 'merge':
        return `Round ${RoundChunk.parse(chunkSpec).round}, merge`;
      case MEASURE:
        return `Evaluation, shard ${MeasureChunk.parse(chunkSpec).shard + 1}`;
      case 'evaluate':
        return 'Evaluation';
      default:
        return 'Splitting the data';
    }
  },
} satisfies Kind<TrainingSpec>;

function ofRound(chunkSpec: unknown): string {
  const { round, shard } = SecureChunk.parse(chunkSpec);
  return `Round ${round}, shard ${shard + 1}`;
}

const RESULTS: Partial<Record<string, z.ZodType>> = {
  [ENVIRONMENT]: EnvironmentResult,
  initialize: InitializeResult,
  train: TrainResult,
  [SHARES]: SharesResult,
  [MASKED]: MaskedResult,
  [UNMASK]: UnmaskResult,
  merge: MergeResult,
  [MEASURE]: EvaluateResult,
  evaluate: EvaluateResult,
};

/** The failure of a stage of one chunk, told by its last lines. */
function failureOf({ last }: PlanningContext<TrainingSpec>): NextStep | null {
  const failed = last.failed[0];
  if (failed === undefined) return null;
  return { step: 'fail', code: failed.code, message: failed.message };
}
