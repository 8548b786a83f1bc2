import type { StageId } from '../../model/ids.ts';
import type { StageInput } from '../../protocol/stage-input.ts';
import type { DoneChunk, FreedFiles, NextStep, Note, PlanningContext, StagePlan } from '../kind.ts';
import { everyNth, keepsRound } from './checkpoints.ts';
import { asGang, repeatsOf, withoutModel } from './ddp.ts';
import { keptAfter, keptOf, namesKept } from './kept.ts';
import { pinned } from './local-data.ts';
import { asMeasure } from './local-evaluation.ts';
import { judge, unjudged, weightedMetrics } from './metric.ts';
import { addMissing, missingShardNotes, shardsWithoutUpdate, tooFew } from './missing-shards.ts';
import { learningWhileMeasured, oddities } from './oddities.ts';
import { privacyNote, UNNOISED_STATE } from './privacy.ts';
import { needed, securePart } from './secure/settings.ts';
import { planShares } from './secure-rounds.ts';
import { closing, mergeOfRound } from './settings.ts';
import { keepsShown } from './shown.ts';
import { common, contextOf, fileAs, made, renamed, scriptInputs } from './stage-parts.ts';
import {
  CheckedUpdates,
  EvaluateSpec,
  FILES,
  InitializeResult,
  MergeResult,
  MergeSpec,
  MOMENTUM,
  ONCE,
  RoundChunk,
  type RoundState,
  SHARED,
  ShardChunk,
  STATES,
  TrainingPlan,
  TrainResult,
  TrainSpec,
  UPDATES,
  WEIGHTS,
} from './stages.ts';
import { startNote } from './start-stage.ts';
import type { TrainingSpec } from './stored-spec.ts';

type Context = PlanningContext<TrainingSpec>;

export function afterInitialize(context: Context): NextStep {
  const [only] = context.last.done;
  if (only === undefined) throw new Error('the first weights are settled without a result');
  const { started, once } = InitializeResult.parse(only.result);
  const missingShards = { shards: [], why: null };
  const state: RoundState = {
    momentum: null,
    shared: null,
    best: null,
    roundsWithoutImprovement: 0,
    incompleteRounds: 0,
    missingShards,
    toldNotFinite: false,
    epochs: 0,
    kept: [],
    once: once === 0 ? null : made(only, FILES.once, ONCE),
    series: context.last.id,
  };
  const { from } = context.spec;
  const notes = from === null || started === null ? [] : [startNote(from, started)];
  return planTrain(context, 1, state, made(only, FILES.weights, WEIGHTS), notes);
}

/** Plans the merge of the checked updates, where they are enough, with a note on missing shards. */
export function afterTrain(context: Context): NextStep {
  const { last } = context;
  const plan = TrainingPlan.parse(context.decided);
  const train = TrainSpec.parse(last.spec);
  const { round } = train.context;
  const together = plan.settings.mode === 'ddp';
  const least = together ? 1 : needed(plan.settings, last.total);
  const checked = new Set(CheckedUpdates.parse(last.taskValue).checked);
  // One that came in after the check is late, however well it may be.
  const done = last.done.filter((chunk) => checked.has(chunk.ordinal));
  if (done.length < least && together) return withoutModel(last);
  if (done.length < least) return tooFew(last, { round, done: done.length, needed: least });
  const updates = done.map((chunk) => {
    const { shard } = ShardChunk.parse(chunk.spec);
    return { chunk, shard, result: TrainResult.parse(chunk.result) };
  });
  const { secure } = train;
  const pathOf = (shard: number) => `${UPDATES}/${shard}${secure === null ? '.npz' : '.bin'}`;
  // With secure aggregation there are none yet.
  const inputs =
    secure === null ? updates.map(({ chunk, shard }) => made(chunk, FILES.update, pathOf(shard))) : [];
  const states = updates
    .filter(({ result }) => result.shared > 0)
    .map(({ chunk, shard, result }) => ({
      shard,
      samples: result.samples,
      input: made(chunk, FILES.shared, `${STATES}/${shard}.npz`),
    }));
  if (plan.settings.noise > 0 && states.length > 0) return { step: 'fail', ...UNNOISED_STATE };
  const missing = shardsWithoutUpdate(plan.shards.length, updates);
  const incompleteRounds = train.state.incompleteRounds + (missing.length > 0 ? 1 : 0);
  const told = oddities(plan.settings, train, updates);
  const { holdout } = plan;
  const { weights } = train;
  const epochs = train.state.epochs + Math.max(...updates.map(({ result }) => result.epochs));
  const spec = MergeSpec.parse({
    context: { ...train.context, epoch: epochs },
    state: {
      ...train.state,
      incompleteRounds,
      missingShards: addMissing(train.state.missingShards, missing, last),
      toldNotFinite: told.toldNotFinite,
      epochs,
      kept: keptAfter(train.state.kept, last.id, updates),
    },
    merge: { ...mergeOfRound(plan.settings, round), of: plan.shards.length },
    updates: updates.map(({ shard, result }) => ({ shard, path: pathOf(shard), samples: result.samples })),
    bytes: bytesOf(train, updates),
    shown: updates.filter(({ result }) => result.shown.length > 0).map(({ chunk }) => chunk.ordinal),
    states: states.map(({ input, ...state }) => ({ ...state, path: input.path })),
    missing,
    shardMetrics: weightedMetrics(updates.map(({ result }) => result)),
    holdout: holdout?.input.path ?? null,
    trained: last.id,
    keptBefore: train.state.kept.map(({ stage }) => stage),
    from: train.from,
  });
  const { momentum } = train.state;
  const stage: StagePlan = {
    ...common(context.spec, plan, round, 0.9),
    name: 'merge',
    spec,
    chunks: [RoundChunk.parse({ round })],
    inputs: [
      ...scriptInputs(context.spec, plan),
      weights,
      ...onceOf(train.state),
      ...(momentum === null ? [] : [momentum]),
      ...inputs,
      ...states.map(({ input }) => input),
      ...(holdout === null ? [] : [holdout.input]),
    ],
  };
  const members = updates.map(({ shard, result }) => ({ shard, ...result.keys }));
  return {
    step: 'stage',
    stage:
      secure === null ? stage : planShares(context, { merge: spec, inputs: stage.inputs }, secure, members),
    notes: [...missingShardNotes(last, { round, missing, incompleteRounds }), ...told.notes],
  };
}

/** What went over the network for these updates, had no worker anything of it: weights, updates, and what shards keep. */
function bytesOf(
  { weights, state }: TrainSpec,
  updates: readonly { chunk: DoneChunk; shard: number; result: TrainResult }[],
) {
  const sizes = updates.map(({ chunk, shard, result }) => {
    const sizesOf = (names: string[]) => names.map((name) => fileAs(chunk, name, name)?.size ?? 0);
    return {
      sent: sizesOf([FILES.update, FILES.kept(shard), FILES.shared, FILES.shown]),
      early: result.handedInEarly ? sizesOf([FILES.update, FILES.shared]) : [],
      received: [weights, state.shared, keptOf(state.kept, shard)].map((input) => input?.size ?? 0),
    };
  });
  const total = (of: 'sent' | 'received' | 'early') =>
    sizes.flatMap((one) => one[of]).reduce((sum, size) => sum + size, 0);
  return { sent: total('sent'), received: total('received'), early: total('early') };
}

export function afterMerge(context: Context): NextStep {
  const [only] = context.last.done;
  if (only === undefined) throw new Error('a merge is settled without a result');
  const plan = TrainingPlan.parse(context.decided);
  const merge = MergeSpec.parse(context.last.spec);
  const { round } = merge.context;
  const weights = made(only, FILES.weights, WEIGHTS);
  const momentum = fileAs(only, FILES.momentum, MOMENTUM);
  const shared = merge.states.length === 0 ? null : made(only, FILES.shared, SHARED);
  const result = MergeResult.parse(only.result);
  const { metrics } = result;
  const learning = learningWhileMeasured(round, result);
  const merged = { round, weights, stage: context.last.id };
  const state = { ...judge(merge.state, merged, metrics ?? {}, plan), momentum, shared };
  const { rounds, patience } = plan.settings;
  const enough = patience !== null && state.roundsWithoutImprovement >= patience;
  const goesOn = round < rounds && !enough;
  const after = goesOn ? state : { ...state, kept: [] };
  const stays: Stays = {
    model: (round) => keepsRound(plan.settings, round, weights.size),
    shown: (of) => keepsShown(plan.settings, of) || (of === round && !goesOn),
  };
  const free = freed(context.last.id, merge, after, stays);
  if (goesOn) {
    const local = context.spec.localData !== null;
    const told = unjudged(plan, round, state, metrics ?? {}, local);
    const notes = [...told, ...learning, ...fewModels(plan, round, weights.size)];
    return { ...planTrain(context, round + 1, state, weights, notes), free };
  }
  const privacy = privacyNote(plan.settings, round);
  const early: Note[] =
    enough && round < rounds
      ? [
          {
            level: 'info',
            code: 'stopped-early',
            message: `Stopped after round ${round} of ${rounds}: no better for ${patience === 1 ? 'a round' : `${patience} rounds`}. The result is the model of round ${state.best?.round ?? round}.`,
          },
        ]
      : [];
  const notes = [...learning, ...early, ...(privacy === null ? [] : [privacy])];
  const last = { stage: context.last.id, keep: [FILES.weights, FILES.shown] };
  return { ...planEvaluate(context, plan, state, { round, weights }, notes), free: [...free, last] };
}

type NextStage = Extract<NextStep, { step: 'stage' }>;

function planTrain(
  context: Context,
  round: number,
  state: RoundState,
  weights: StageInput,
  notes: Note[],
): NextStage {
  const plan = TrainingPlan.parse(context.decided);
  const { settings, shards } = plan;
  const stage: StagePlan = {
    ...common(context.spec, plan, round, 0),
    name: 'train',
    spec: TrainSpec.parse({
      context: {
        ...contextOf(plan, round, state.epochs, context.spec.localData),
        repeats: repeatsOf(context.spec.settings),
        once: state.once !== null,
      },
      secure: securePart(settings, { series: state.series, round, shards: shards.length }),
      state,
      weights,
      from: context.last.id,
    }),
    chunks: shards.map(({ input }, shard) =>
      ShardChunk.parse({ round, shard, data: input, kept: keptOf(state.kept, shard) }),
    ),
    inputs: [
      ...scriptInputs(context.spec, plan),
      weights,
      ...onceOf(state),
      ...(state.shared === null ? [] : [state.shared]),
    ],
    ...closing(settings, shards.length, needed(settings, shards.length)),
  };
  const together = settings.mode === 'ddp';
  const placed = together
    ? asGang(stage, settings, shards[0]?.input)
    : pinned(stage, context.spec.localData, [...shards.keys()]);
  return { step: 'stage', stage: placed, notes };
}

function planEvaluate(
  context: Context,
  plan: TrainingPlan,
  state: RoundState,
  last: { round: number; weights: StageInput },
  notes: Note[],
): NextStage {
  const chosen = state.best ?? last;
  const model = renamed(chosen.weights, WEIGHTS);
  const { holdout } = plan;
  const stage: StagePlan = {
    ...common(context.spec, plan, plan.settings.rounds, 1),
    iteration: last.round,
    name: 'evaluate',
    spec: EvaluateSpec.parse({
      context: {
        ...contextOf(plan, chosen.round, state.epochs, context.spec.localData),
        once: state.once !== null,
      },
      round: chosen.round,
      last: chosen.round === last.round ? null : last,
      holdout: holdout?.input.path ?? null,
      model,
    }),
    chunks: [RoundChunk.parse({ round: chosen.round })],
    inputs: [
      ...scriptInputs(context.spec, plan),
      model,
      ...onceOf(state),
      ...(holdout === null ? [] : [holdout.input]),
    ],
  };
  const local = holdout === null ? context.spec.localData : null;
  return { step: 'stage', stage: local === null ? stage : asMeasure(stage, plan, local), notes };
}

/** Whether the model of a round, and what it shows, can be had to the end. */
type Stays = Record<'model' | 'shown', (round: number) => boolean>;

/** What of the round just merged, and of the one before, no round to come starts from or may hand out. */
function freed(
  merged: StageId,
  { trained, masked, keptBefore, from, state, context: { round } }: MergeSpec,
  { best, kept }: RoundState,
  stays: Stays,
): FreedFiles[] {
  const shown = (round: number) => (stays.shown(round) ? [FILES.shown] : []);
  const model = (stage: StageId, of: number): FreedFiles => {
    const kept = of > 0 && (stays.model(of) || best?.stage === stage);
    const once = of === 0 ? [FILES.once] : [];
    return { stage, keep: [...(kept ? [FILES.weights] : []), ...shown(of), ...once] };
  };
  const former = state.best;
  const stages = new Map<StageId, FreedFiles>();
  // What those before show was decided on with their own merge.
  for (const stage of keptBefore)
    stages.set(stage, { stage, keep: [...namesKept(kept, stage), FILES.shown] });
  if (masked !== null) stages.set(masked, { stage: masked, keep: [] });
  if (trained !== null)
    stages.set(trained, { stage: trained, keep: [...namesKept(kept, trained), ...shown(round)] });
  if (from !== null) stages.set(from, model(from, round - 1));
  if (former?.stage != null && former.stage !== merged)
    stages.set(former.stage, model(former.stage, former.round));
  return [...stages.values()];
}

/** That not every round's model can be had later: told once, while there is time to start anew. */
function fewModels({ settings }: TrainingPlan, round: number, bytes: number): Note[] {
  const nth = everyNth(settings, bytes);
  if (round > 1 || settings.models !== 'auto' || nth === 1) return [];
  const size = ((settings.rounds * bytes) / 1024 ** 3).toFixed(1);
  const more = nth === null ? '' : ` and that of each ${ordinal(nth)} round`;
  const message = `Only the best and the newest model${more} are kept: those of all ${settings.rounds} rounds would take ${size} GB. Set "models" to "all" to keep them.`;
  return [{ level: 'info', code: 'few-models', message }];
}

const ORDINALS: Record<string, string> = { one: 'st', two: 'nd', few: 'rd', other: 'th' };
const ordinal = (number: number): string =>
  `${number}${ORDINALS[new Intl.PluralRules('en', { type: 'ordinal' }).select(number)]}`;

const onceOf = ({ once }: RoundState): StageInput[] => (once === null ? [] : [once]);
