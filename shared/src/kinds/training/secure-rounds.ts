import { z } from 'zod';
import { StageInput } from '../../protocol/stage-input.ts';
import type { DoneChunk, NextStep, Note, PlanningContext, StagePlan } from '../kind.ts';
import { pinned } from './local-data.ts';
import { addMissing, missingShardNotes } from './missing-shards.ts';
import {
  MaskedRound,
  Roster,
  SecureChunk,
  SecureRound,
  type SecureTraining,
  SharesResult,
  UnmaskResult,
  UnmaskRound,
} from './secure/messages.ts';
import { MASKED, SHARES, UNMASK } from './secure/names.ts';
import { recover } from './secure/recover.ts';
import { scaleOf } from './secure/scale.ts';
import { common, made } from './stage-parts.ts';
import { CheckedUpdates, FILES, MergeSpec, RoundChunk, TrainingPlan } from './stages.ts';
import type { TrainingSpec } from './stored-spec.ts';

/*
 * The stages between the training of a round and its merge, where the farm sees the sum of the updates alone. Each is of
 * the shards that are left of the one before, in order, and goes along with the merge that is to follow.
 */

const Pending = z.object({ merge: MergeSpec, inputs: z.array(StageInput) });
type Pending = z.infer<typeof Pending>;
const SharesSpec = SecureRound.extend({ pending: Pending });
const MaskedSpec = MaskedRound.extend({ pending: Pending });
const UnmaskSpec = UnmaskRound.extend({ pending: Pending, masked: MergeSpec.shape.masked });

type Context = PlanningContext<TrainingSpec>;
type Last = Context['last'];
type Fail = Extract<NextStep, { step: 'fail' }>;

export function planShares(
  context: Context,
  pending: Pending,
  { series, round, threshold }: SecureTraining,
  members: unknown,
): StagePlan {
  const roster = Roster.parse(members);
  const chunks = roster.map(({ shard }) => SecureChunk.parse({ round, shard }));
  const spec = SharesSpec.parse({ series, round, threshold, roster, pending });
  return stageOf(context, SHARES, { spec, chunks });
}

export function afterShares(context: Context): NextStep {
  const { last } = context;
  const { pending, ...round } = SharesSpec.parse(last.spec);
  const done = last.done.map(({ spec, result }) => ({
    shard: SecureChunk.parse(spec).shard,
    sealed: SharesResult.parse(result).sealed,
  }));
  if (done.length < round.threshold) return below(last, round, done.length, 'shared their secrets');
  const sharers = done.map(({ shard }) => shard);
  const left = without(pending, last, sharers);
  const chunks = sharers.map((shard) => {
    const received = done.flatMap(({ sealed }) => sealed.filter(({ to }) => to === shard));
    return SecureChunk.parse({ round: round.round, shard, received });
  });
  const spec = MaskedSpec.parse({ ...round, sharers, pending: left.pending });
  return { step: 'stage', stage: stageOf(context, MASKED, { spec, chunks }), notes: left.notes };
}

export function afterMasked(context: Context): NextStep {
  const { last } = context;
  const { pending, ...round } = MaskedSpec.parse(last.spec);
  const checked = new Set(CheckedUpdates.parse(last.taskValue).checked);
  const done = last.done
    .filter(({ ordinal }) => checked.has(ordinal))
    .map((chunk) => ({ chunk, shard: SecureChunk.parse(chunk.spec).shard }));
  if (done.length < round.threshold) return below(last, round, done.length, 'handed in their masked updates');
  const survivors = done.map(({ shard }) => shard);
  const left = without(pending, last, survivors);
  const chunks = survivors.map((shard) => SecureChunk.parse({ round: round.round, shard }));
  const spec = UnmaskSpec.parse({
    ...round,
    survivors,
    masked: last.id,
    pending: withUpdates(left.pending, done),
  });
  // Who is away now has given its update: as soon as enough others have answered, it is not waited for.
  const quorum = { chunks: round.threshold, afterMs: PATIENCE_MS };
  const stage = { ...stageOf(context, UNMASK, { spec, chunks }), quorum };
  return { step: 'stage', stage, notes: left.notes };
}

export function afterUnmask(context: Context): NextStep {
  const { last, spec: job } = context;
  const { pending, threshold, roster, sharers, survivors, masked, ...round } = UnmaskSpec.parse(last.spec);
  const answers = last.done.map(({ spec, result }) => ({
    shard: SecureChunk.parse(spec).shard,
    shares: UnmaskResult.parse(result).shares,
  }));
  if (answers.length < threshold)
    return below(last, { ...round, threshold }, answers.length, 'told what takes the masks off');
  const recovered = recover(answers, { sharers, survivors, threshold });
  if (!recovered.ok) return failed(`Round ${round.round} could not be finished: ${recovered.message}.`);
  const plan = TrainingPlan.parse(context.decided);
  const { clip, noise } = plan.settings;
  if (clip === null) throw new Error('updates came under masks that nobody bounded');
  const { scale, most } = scaleOf({ clip, noise, shards: plan.shards.length, threshold });
  const unmasking = { roster, sharers, survivors, ...recovered.secrets, scale, most };
  const stage: StagePlan = {
    ...common(job, plan, round.round, 0.9),
    name: 'merge',
    spec: MergeSpec.parse({ ...pending.merge, masked, unmasking }),
    chunks: [RoundChunk.parse({ round: round.round })],
    inputs: pending.inputs,
  };
  return { step: 'stage', stage, notes: [] };
}

/** How long those are waited for whose answer is not needed, milliseconds. */
const PATIENCE_MS = 2_000;
/** With a deadline, how long a round waits for what takes a worker seconds. */
const MOST_WAIT_MS = 60_000;

function stageOf(
  { spec: job, decided }: Context,
  name: string,
  { spec, chunks }: { spec: z.infer<typeof SecureRound>; chunks: SecureChunk[] },
): StagePlan {
  const plan = TrainingPlan.parse(decided);
  const { deadlineSeconds } = plan.settings;
  const base = common(job, plan, spec.round, 0.9);
  const afterMs = deadlineSeconds === null ? null : Math.min(deadlineSeconds * 1_000, MOST_WAIT_MS);
  const stage: StagePlan = {
    ...base,
    span: { from: base.span.from, to: base.span.from },
    name,
    spec,
    chunks,
    inputs: [],
    ...(afterMs === null ? {} : { quorum: { chunks: spec.threshold, afterMs } }),
  };
  return pinned(
    stage,
    job.localData,
    chunks.map(({ shard }) => shard),
  );
}

/** What is to be merged when only these shards are left. */
function without(
  { merge, inputs }: Pending,
  last: Last,
  left: readonly number[],
): { pending: Pending; notes: Note[] } {
  const lost = merge.updates.map(({ shard }) => shard).filter((shard) => !left.includes(shard));
  if (lost.length === 0) return { pending: { merge, inputs }, notes: [] };
  const { state, context } = merge;
  const incompleteRounds = state.incompleteRounds + (merge.missing.length === 0 ? 1 : 0);
  const missingShards = addMissing(state.missingShards, lost, last);
  const pending = {
    inputs,
    merge: {
      ...merge,
      state: { ...state, incompleteRounds, missingShards },
      updates: merge.updates.filter(({ shard }) => left.includes(shard)),
      missing: [...merge.missing, ...lost].toSorted((a, b) => a - b),
    },
  };
  return {
    pending,
    notes: missingShardNotes(last, { round: context.round, missing: lost, incompleteRounds }),
  };
}

function withUpdates(
  { merge, inputs }: Pending,
  done: readonly { chunk: DoneChunk; shard: number }[],
): Pending {
  const updates = merge.updates.flatMap(({ shard, path }) =>
    done.flatMap((one) => (one.shard === shard ? [made(one.chunk, FILES.masked, path)] : [])),
  );
  const sent = updates.reduce((sum, { size }) => sum + size, merge.bytes?.sent ?? 0);
  return {
    inputs: [...inputs, ...updates],
    merge: { ...merge, bytes: merge.bytes && { ...merge.bytes, sent } },
  };
}

function below(
  { failed: [first] }: Last,
  { round, threshold }: Pick<SecureRound, 'round' | 'threshold'>,
  count: number,
  what: string,
): Fail {
  const why =
    first === undefined ? '' : ` Shard ${SecureChunk.parse(first.spec).shard + 1}: ${first.message}`;
  return failed(
    `Round ${round} could not be finished: ${count} ${count === 1 ? 'shard' : 'shards'} ${what}, and without ${threshold} the farm can tell no sum.${why}`,
  );
}

const failed = (message: string): Fail => ({ step: 'fail', code: 'secure-round', message });
