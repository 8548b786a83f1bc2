import type { StageInput } from '../../protocol/workers.ts';
import type { DoneChunk, NextStep, Note, PlanningContext, StagePlan } from '../kind.ts';
import { lossNotes, lostShards, tooFew } from './losses.ts';
import { judge, unjudged, weightedMetrics } from './metric.ts';
import { requirementsOf } from './needs.ts';
import { quorumOf } from './settings.ts';
import type { TrainingSpec } from './spec.ts';
import { affinityOf, contextOf, fileAs, renamed, scriptInput } from './stage-parts.ts';
import {
  CheckedUpdates,
  EvaluateSpec,
  FILES,
  MergeResult,
  MergeSpec,
  MOMENTUM,
  RoundChunk,
  type RoundState,
  ShardChunk,
  TrainingPlan,
  TrainResult,
  TrainSpec,
  UPDATES,
  WEIGHTS,
} from './stages.ts';

type Context = PlanningContext<TrainingSpec>;

export function afterInitialize(context: Context): NextStep {
  const [only] = context.last.done;
  if (only === undefined) throw new Error('the first weights are settled without a result');
  const state: RoundState = { momentum: null, best: null, stale: 0, lossy: 0 };
  return planTrain(context, 1, state, made(only, FILES.weights, WEIGHTS));
}

/** Merges what is in and was checked, where it is enough; what is missing is told. */
export function afterTrain(context: Context): NextStep {
  const { last } = context;
  const plan = TrainingPlan.parse(context.decided);
  const train = TrainSpec.parse(last.spec);
  const { round } = train.context;
  const needed = quorumOf({ quorum: plan.settings.quorum, shards: last.total });
  const checked = new Set(CheckedUpdates.parse(last.gathered).checked);
  // One that came in after the check is late, however well it may be.
  const done = last.done.filter((chunk) => checked.has(chunk.ordinal));
  if (done.length < needed) return tooFew(last, { round, done: done.length, needed });
  const updates = done.map((chunk) => {
    const { shard } = ShardChunk.parse(chunk.spec);
    return { chunk, shard, result: TrainResult.parse(chunk.result) };
  });
  const inputs = updates.map(({ chunk, shard }) => made(chunk, FILES.update, `${UPDATES}/${shard}.npz`));
  const missing = lostShards(plan.shards.length, updates);
  const lossy = train.state.lossy + (missing.length > 0 ? 1 : 0);
  const { holdout } = plan;
  const { weights } = train;
  const spec = MergeSpec.parse({
    context: train.context,
    state: { ...train.state, lossy },
    merge: plan.settings,
    updates: updates.map(({ shard, result }, index) => ({
      shard,
      path: inputs[index]?.path,
      samples: result.samples,
    })),
    missing,
    shardMetrics: weightedMetrics(updates.map(({ result }) => result)),
    holdout: holdout?.input.path ?? null,
  });
  const { momentum } = train.state;
  const stage: StagePlan = {
    ...common(context.spec, plan, round, 0.9),
    name: 'merge',
    spec,
    chunks: [RoundChunk.parse({ round })],
    inputs: [
      scriptInput(context.spec),
      weights,
      ...(momentum === null ? [] : [momentum]),
      ...inputs,
      ...(holdout === null ? [] : [holdout.input]),
    ],
  };
  return { step: 'stage', stage, notes: lossNotes(last, { round, missing, lossy }) };
}

export function afterMerge(context: Context): NextStep {
  const [only] = context.last.done;
  if (only === undefined) throw new Error('a merge is settled without a result');
  const plan = TrainingPlan.parse(context.decided);
  const merge = MergeSpec.parse(context.last.spec);
  const { round } = merge.context;
  const weights = made(only, FILES.weights, WEIGHTS);
  const momentum = fileAs(only, FILES.momentum, MOMENTUM);
  const { metrics } = MergeResult.parse(only.result);
  const state = { ...judge(merge.state, round, metrics ?? {}, weights, plan), momentum };
  const { rounds, patience } = plan.settings;
  const former = merge.state.best;
  const enough = patience !== null && state.stale >= patience;
  const free = freeing(former, state);
  if (round < rounds && !enough) {
    return { ...planTrain(context, round + 1, state, weights), notes: unjudged(plan, round, state), free };
  }
  const notes: Note[] =
    enough && round < rounds
      ? [
          {
            level: 'info',
            code: 'stopped-early',
            message: `Stopped after round ${round} of ${rounds}: no better for ${patience === 1 ? 'a round' : `${patience} rounds`}. The result is the model of round ${state.best?.round ?? round}.`,
          },
        ]
      : [];
  return { ...planEvaluate(context, plan, state, { round, weights }, notes), free };
}

type NextStage = Extract<NextStep, { step: 'stage' }>;

function planTrain(context: Context, round: number, state: RoundState, weights: StageInput): NextStage {
  const plan = TrainingPlan.parse(context.decided);
  const { settings, shards } = plan;
  const stage: StagePlan = {
    ...common(context.spec, plan, round, 0),
    name: 'train',
    spec: TrainSpec.parse({ context: contextOf(plan, round), state, weights }),
    chunks: shards.map(({ input }, shard) => ShardChunk.parse({ round, shard, data: input })),
    inputs: [scriptInput(context.spec), weights],
    ...(settings.deadlineSeconds === null
      ? {}
      : {
          quorum: {
            chunks: quorumOf({ quorum: settings.quorum, shards: shards.length }),
            afterMs: Math.round(settings.deadlineSeconds * 1_000),
          },
        }),
  };
  return { step: 'stage', stage, notes: [] };
}

function planEvaluate(
  context: Context,
  plan: TrainingPlan,
  state: RoundState,
  last: { round: number; weights: StageInput },
  notes: Note[],
): NextStage {
  // Whoever asks for patience asks for the best model; otherwise the last round's is what was ordered.
  const chosen = plan.settings.patience !== null && state.best !== null ? state.best : last;
  const { holdout } = plan;
  const stage: StagePlan = {
    ...common(context.spec, plan, plan.settings.rounds, 1),
    name: 'evaluate',
    spec: EvaluateSpec.parse({
      context: contextOf(plan, chosen.round),
      round: chosen.round,
      holdout: holdout?.input.path ?? null,
    }),
    chunks: [RoundChunk.parse({ round: chosen.round })],
    inputs: [
      scriptInput(context.spec),
      renamed(chosen.weights, WEIGHTS),
      ...(holdout === null ? [] : [holdout.input]),
    ],
  };
  return { step: 'stage', stage, notes };
}

/** The weights and the momentum of the round just over are its files still; the best ones may be of a round long ago. */
function freeing(former: RoundState['best'], { best }: RoundState): NonNullable<NextStage['free']> {
  const keep = best === null ? [] : [best.weights.hash];
  return {
    keep,
    release: former === null || keep.includes(former.weights.hash) ? [] : [former.weights.hash],
  };
}

/** What stages of a round have in common; `from` is how much of the round was done before this one. */
function common(spec: TrainingSpec, plan: TrainingPlan, round: number, from: number) {
  const at = (part: number) => Math.min(1, (round - 1 + part) / plan.settings.rounds);
  return {
    requirements: requirementsOf(spec.modules),
    affinity: affinityOf(spec),
    span: { from: at(from), to: at(from === 0 ? 0.9 : 1) },
  };
}

function made(chunk: DoneChunk, name: string, path: string): StageInput {
  const file = fileAs(chunk, name, path);
  // A worker that leaves a file out is found by the check before this; see the backend's gather.
  if (file === null) throw new Error(`chunk ${chunk.ordinal} came without its file "${name}"`);
  return file;
}
