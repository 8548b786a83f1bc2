import type { StageInput } from '../../protocol/workers.ts';
import type { DoneChunk, NextStep, Note, PlanningContext, StagePlan } from '../kind.ts';
import { isBetter, judgedMetric } from './metric.ts';
import { requirementsOf } from './needs.ts';
import { quorumOf } from './settings.ts';
import type { TrainingSpec } from './spec.ts';
import { affinityOf, contextOf, fileAs, renamed, scriptInput } from './stage-parts.ts';
import {
  EvaluateSpec,
  FILES,
  InitializeResult,
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
  const { framework } = InitializeResult.parse(only.result);
  const state: RoundState = { momentum: null, best: null, stale: 0, framework };
  return planTrain(context, 1, state, made(only, FILES.weights, WEIGHTS));
}

/** Merges what is in, where it is enough; what is missing is told. */
export function afterTrain(context: Context): NextStep {
  const { last } = context;
  const plan = TrainingPlan.parse(context.decided);
  const train = TrainSpec.parse(last.spec);
  const { round } = train.context;
  const needed = quorumOf({ quorum: plan.settings.quorum, shards: last.total });
  if (last.done.length < needed) return tooFew(context, round, needed);
  const updates = last.done.map((chunk) => ({ chunk, ...ShardChunk.parse(chunk.spec) }));
  const inputs = updates.map(({ chunk, shard }) => made(chunk, FILES.update, `${UPDATES}/${shard}.npz`));
  const present = new Set(updates.map(({ shard }) => shard));
  const { holdout } = plan;
  const { weights } = train;
  const spec = MergeSpec.parse({
    context: train.context,
    state: { ...train.state, framework: frameworkOf(last.done) },
    merge: plan.settings,
    updates: updates.map(({ chunk, shard }, index) => ({
      shard,
      path: inputs[index]?.path,
      samples: TrainResult.parse(chunk.result).samples,
    })),
    missing: plan.shards.map((_, shard) => shard).filter((shard) => !present.has(shard)),
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
  return { step: 'stage', stage, notes: notesOf(context, round) };
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
  const enough = patience !== null && state.stale >= patience;
  if (round < rounds && !enough) return planTrain(context, round + 1, state, weights);
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
  return planEvaluate(context, plan, state, { round, weights }, notes);
}

function planTrain(context: Context, round: number, state: RoundState, weights: StageInput): NextStep {
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
  return { step: 'stage', stage, notes: [], free: { but: keptOf(state) } };
}

function planEvaluate(
  context: Context,
  plan: TrainingPlan,
  state: RoundState,
  last: { round: number; weights: StageInput },
  notes: Note[],
): NextStep {
  // Whoever asks for patience asks for the best model; otherwise the last round's is what was ordered.
  const chosen = plan.settings.patience !== null && state.best !== null ? state.best : last;
  const { holdout } = plan;
  const stage: StagePlan = {
    ...common(context.spec, plan, plan.settings.rounds, 1),
    name: 'evaluate',
    spec: EvaluateSpec.parse({
      context: contextOf(plan, chosen.round),
      framework: state.framework,
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

// The weights of the round just over are its files still; the best ones may be of a round long ago.
const keptOf = ({ best, momentum }: RoundState) =>
  [best?.weights, momentum].flatMap((input) => (input ? [input.hash] : []));

/** What stages of a round have in common; `from` is how much of the round was done before this one. */
function common(spec: TrainingSpec, plan: TrainingPlan, round: number, from: number) {
  const at = (part: number) => Math.min(1, (round - 1 + part) / plan.settings.rounds);
  return {
    requirements: requirementsOf(spec.modules),
    affinity: affinityOf(spec),
    span: { from: at(from), to: at(from === 0 ? 0.9 : 1) },
  };
}

function judge(
  state: RoundState,
  round: number,
  metrics: Record<string, number>,
  weights: StageInput,
  { settings }: TrainingPlan,
): Pick<RoundState, 'best' | 'stale' | 'framework'> {
  const { best, stale, framework } = state;
  const judged = judgedMetric(metrics, settings);
  if (judged === null) return { best, stale: stale + 1, framework };
  if (best !== null && !isBetter(judged.value, best.value, judged.goal))
    return { best, stale: stale + 1, framework };
  return { best: { round, value: judged.value, weights }, stale: 0, framework };
}

function tooFew({ last }: Context, round: number, needed: number): NextStep {
  const first = last.failed[0];
  const shard = first === undefined ? null : ShardChunk.parse(first.spec).shard + 1;
  const why = first === undefined ? '' : ` Shard ${shard}: ${first.message}`;
  return {
    step: 'fail',
    code: first?.code ?? 'shards-missing',
    message: `Round ${round} could not be finished: ${last.done.length} of ${last.total} shards came to a result, ${needed} are needed.${why}`,
  };
}

function notesOf({ last }: Context, round: number): Note[] {
  if (last.failedCount === 0) return [];
  const lost = last.failed.map((chunk) => ShardChunk.parse(chunk.spec).shard + 1).join(', ');
  const message = `Round ${round} went on without shard ${lost}: ${last.failed[0]?.message ?? ''}`;
  return [{ level: 'warning', code: 'shards-lost', message }];
}

const frameworkOf = (done: readonly DoneChunk[]): 'torch' | 'numpy' =>
  done.some((chunk) => TrainResult.parse(chunk.result).framework === 'torch') ? 'torch' : 'numpy';

function made(chunk: DoneChunk, name: string, path: string): StageInput {
  const file = fileAs(chunk, name, path);
  // A worker that leaves a file out is found by the check before this; see the backend's gather.
  if (file === null) throw new Error(`chunk ${chunk.ordinal} came without its file "${name}"`);
  return file;
}
