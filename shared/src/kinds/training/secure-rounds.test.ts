import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { StageId } from '../../model/ids.ts';
import type { DoneChunk, NextStep, PlanningContext, StagePlan } from '../kind.ts';
import { training } from './kind.ts';
import { MaskedRound, SecureChunk, SecureRound, UnmaskRound } from './secure/messages.ts';
import { placeOf } from './secure/recover.ts';
import { thresholdOf } from './secure/scale.ts';
import { splitSecret } from './secure/shamir.ts';
import { FILES, MergeSpec, TrainingPlan } from './stages.ts';
import { TrainingSpec } from './stored-spec.ts';

const hash = (of: string) => createHash('sha256').update(of).digest('hex');
const drawn = (of: string) => (count: number) =>
  createHash('shake256', { outputLength: count }).update(of).digest();

function specWith(shards: number, deadlineSeconds: number | null): TrainingSpec {
  return TrainingSpec.parse({
    kind: 'training',
    script: { blob: hash('script'), fileName: 'a.py', size: 1 },
    data: null,
    localData: { name: 'wards', workers: workersOf(shards) },
    modules: ['numpy'],
    settings: { shards, rounds: 2, secure: true, clip: 1, deadlineSeconds, quorum: 0.01 },
  });
}
const workersOf = (shards: number) =>
  Array.from({ length: shards }, (_, shard) => `wrk_${String(shard).padStart(8, '0')}`);

/** Shards that fail in a stage of a round. */
type Lost = Record<'train' | 'shares' | 'masked' | 'unmask', number[]>;

const secretOf = (what: string, shard: number) => drawn(`${what} of ${shard}`)(32);
const file = (name: string) => ({ name, hash: hash(name) as never, size: 12, mediaType: 'x/y' });

/** What an honest worker comes to; a share of each secret is made as its owner would have made it for this shard. */
function madeBy(stage: StagePlan, spec: unknown): Pick<DoneChunk, 'result' | 'files'> {
  const shard = (spec as { shard?: number }).shard ?? 0;
  switch (stage.name) {
    case 'initialize':
      return { result: { parameters: 3, seconds: 1 }, files: [file(FILES.weights)] };
    case 'train': {
      const keys = { cipher: hash(`cipher ${shard}`), mask: hash(`mask ${shard}`) };
      return { result: { samples: 5, metrics: {}, history: [], seconds: 1, keys }, files: [] };
    }
    case 'shares': {
      const { roster } = SecureRound.parse(stage.spec);
      const sealed = roster.map((to) => ({ of: shard, to: to.shard, sealed: `${shard} to ${to.shard}` }));
      return { result: { sealed }, files: [] };
    }
    case 'masked': {
      const { received } = SecureChunk.parse(spec);
      const { sharers } = MaskedRound.parse(stage.spec);
      assert.deepEqual(
        received.map(({ sealed }) => sealed),
        sharers.map((of) => `${of} to ${shard}`),
      );
      return { result: { numbers: 3 }, files: [file(FILES.masked)] };
    }
    case 'unmask': {
      const { roster, sharers, survivors, threshold } = UnmaskRound.parse(stage.spec);
      const at = roster.map((one) => placeOf(one.shard));
      const shares = sharers.map((of) => {
        const secret = survivors.includes(of) ? 'seed' : 'key';
        const split = splitSecret(secretOf(secret, of), { at, threshold }, drawn(`polynomial of ${of}`));
        return { of, secret, value: split.find((share) => share.at === placeOf(shard))?.value };
      });
      return { result: { shares }, files: [] };
    }
    default:
      return { result: { metrics: null, parameters: 3, seconds: 1 }, files: [file(FILES.weights)] };
  }
}

/** Plays a job until its first merge is planned, or it fails; looks that each stage is at the home of its shards. */
function play(spec: TrainingSpec, lost: Lost): { step: NextStep; stages: StagePlan[] } {
  const plan = TrainingPlan.parse({
    settings: spec.settings,
    rows: 0,
    shards: workersOf(spec.settings.shards).map(() => ({ input: null, rows: 0 })),
    holdout: null,
    classes: null,
  });
  const stages = [training.first(spec)];
  for (let turn = 0; turn < 6; turn += 1) {
    const stage = stages.at(-1) as StagePlan;
    const specs = stage.chunks.slice(0, stage.chunks.length) as { shard: number }[];
    const gone = new Set(lost[stage.name as keyof Lost] ?? []);
    const context: PlanningContext<TrainingSpec> = {
      spec,
      given: null,
      decided: turn === 0 ? null : plan,
      fleet: [],
      last: {
        id: StageId.parse(`stg_0000000${turn}`),
        name: stage.name,
        spec: JSON.parse(JSON.stringify(stage.spec)),
        total: specs.length,
        failedCount: gone.size,
        failed: specs.flatMap((one, ordinal) =>
          gone.has(one.shard) ? [{ ordinal, spec: one, code: 'died', message: 'It died.', log: '' }] : [],
        ),
        done: specs.flatMap((one, ordinal): DoneChunk[] => {
          if (gone.has(one.shard)) return [];
          const { result, files } = madeBy(stage, one);
          assert.equal(training.resultProblem(stage, one, result), null);
          return [{ ordinal, spec: one, files, result: training.parseResult(stage.name, result) }];
        }),
        taskValue: turn === 0 ? plan : { checked: specs.map((_, ordinal) => ordinal) },
      },
    };
    const step = training.next(context);
    if (step.step !== 'stage' || step.stage.name === 'merge') return { step, stages };
    const { chunks, pins } = step.stage;
    const homes = chunks.slice(0, chunks.length).map((one) => (one as { shard: number }).shard);
    // Of the first weights it makes no difference whose rows the script sees.
    const expected =
      step.stage.name === 'initialize' ? undefined : homes.map((shard) => workersOf(256)[shard]);
    assert.deepEqual(pins, expected, step.stage.name);
    stages.push(step.stage);
  }
  throw new Error('the round does not end');
}

const rounds = fc.integer({ min: 2, max: 7 }).chain((shards) => {
  const some = fc.subarray(
    Array.from({ length: shards }, (_, shard) => shard),
    { maxLength: Math.min(3, shards) },
  );
  return fc.record({
    shards: fc.constant(shards),
    lost: fc.record({ train: some, shares: some, masked: some, unmask: some }),
  });
});

test('whoever is lost in whichever stage: what is merged is the sum of those that masked, or the round fails in a sentence', () => {
  fc.assert(
    fc.property(rounds, ({ shards, lost }) => {
      const { step } = play(specWith(shards, null), lost);
      const threshold = thresholdOf(shards);
      const without = (all: number[], gone: number[]) => all.filter((shard) => !gone.includes(shard));
      const trained = without([...workersOf(shards).keys()], lost.train);
      const sharers = without(trained, lost.shares);
      const survivors = without(sharers, lost.masked);
      const answering = without(survivors, lost.unmask);
      if (answering.length < threshold) {
        assert.ok(step.step === 'fail');
        assert.match(step.message, /^Round 1 could not be finished: .* It died\.$/);
        return;
      }
      assert.ok(step.step === 'stage');
      const { unmasking, updates, missing, masked, state } = MergeSpec.parse(step.stage.spec);
      assert.ok(unmasking !== null && masked !== null);
      assert.deepEqual(
        updates.map(({ shard, path }) => [shard, path]),
        survivors.map((shard) => [shard, `updates/${shard}.bin`]),
      );
      const paths: string[] = step.stage.inputs.map(({ path }) => path);
      for (const { path } of updates) assert.ok(paths.includes(path));
      assert.deepEqual(missing, without([...workersOf(shards).keys()], survivors));
      assert.equal(state.incompleteRounds, missing.length > 0 ? 1 : 0);
      assert.deepEqual(
        state.missingShards.shards.map(({ shard, rounds }) => [shard, rounds]),
        missing.map((shard) => [shard, 1]),
      );
      const hex = (what: string, shard: number) => secretOf(what, shard).toString('hex');
      assert.deepEqual(
        unmasking.seeds,
        survivors.map((shard) => ({ shard, seed: hex('seed', shard) })),
      );
      assert.deepEqual(
        unmasking.keys,
        without(sharers, survivors).map((shard) => ({ shard, key: hex('key', shard) })),
      );
    }),
    { numRuns: 60 },
  );
});

test('whom a round waits for: for everybody without a deadline, but nobody whose answer is not needed', () => {
  const none = { train: [], shares: [], masked: [], unmask: [] };
  const quorums = (deadline: number | null) =>
    play(specWith(4, deadline), none)
      .stages.slice(2)
      .map(({ name, quorum }) => [name, quorum]);
  assert.deepEqual(quorums(null), [
    ['train', undefined],
    ['shares', undefined],
    ['masked', undefined],
    ['unmask', { chunks: 3, afterMs: 2_000 }],
  ]);
  assert.deepEqual(quorums(300).slice(0, 2), [
    ['train', { chunks: 3, afterMs: 300_000 }],
    ['shares', { chunks: 3, afterMs: 60_000 }],
  ]);
});

test('an update of a worker that knows of no masks is none', () => {
  const [, , train] = play(specWith(3, null), { train: [], shares: [], masked: [], unmask: [] }).stages;
  assert.ok(train);
  const result = { samples: 5, metrics: {}, history: [], seconds: 1 };
  assert.match(training.resultProblem(train, {}, result) ?? '', /handed in no keys/);
});
