import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { StageId } from '../../model/ids.ts';
import { StageInput } from '../../protocol/stage-input.ts';
import type { DoneChunk, NextStep, PlanningContext, StagePlan } from '../kind.ts';
import { ddpProblem, plannedSettings, repeatsOf } from './ddp.ts';
import { training } from './kind.ts';
import { judge } from './metric.ts';
import { withoutWords } from './missing-shards.ts';
import { oddities } from './oddities.ts';
import { batchPerShard, quorumOf, type TrainingSettings, usualOuterStep } from './settings.ts';
import {
  EvaluateSpec,
  FILES,
  InitializeSpec,
  MergeSpec,
  ONCE,
  SHARED,
  ShardChunk,
  type TrainingPlan,
  TrainSpec,
  WEIGHTS,
} from './stages.ts';
import type { Started } from './start-stage.ts';
import { TrainingSpec } from './stored-spec.ts';

let serial = 0;
const hash = () => (serial++).toString(16).padStart(64, '0');
const input = (path: string) => StageInput.parse({ path, hash: hash(), size: 1 });

const specWith = (settings: Partial<TrainingSettings>): TrainingSpec =>
  TrainingSpec.parse({
    kind: 'training',
    script: { blob: hash(), fileName: 'a.py', size: 1 },
    data: { blob: hash(), fileName: 'a.npz', size: 1, format: 'npz' },
    modules: ['numpy'],
    settings,
  });

const planOf = ({ settings }: TrainingSpec): TrainingPlan => ({
  settings,
  environment: null,
  rows: 1_000,
  shards: Array.from({ length: settings.shards }, () => ({ input: input('data.npz'), rows: 10 })),
  holdout: settings.holdout === 0 ? null : { input: input('holdout.npz'), rows: 3 },
  classes: ['0', '1'],
  classFile: null,
  wholeLabels: true,
  reading: null,
  entry: null,
});

/** How one stage goes: which of its chunks fail or stay out, what the check leaves, and the merged metric. */
type Fate = {
  failed: number[];
  out: number[];
  unchecked: number[];
  metric: number | null;
  /** Shards that keep nothing. */
  bare?: number[];
  /** Size of a file of weights; a byte where it is left out. */
  bytes?: number;
  /** The shards hand their updates in before their last steps. */
  early?: true;
  /** The script made something once, for all shards. */
  once?: boolean;
  /** What came of weights to start from. */
  started?: Started;
};

const file = (name: string, size = 1) => ({
  name,
  hash: hash() as never,
  size,
  mediaType: 'application/zip',
});

const chunksOf = ({ chunks }: StagePlan): unknown[] => chunks.slice(0, chunks.length);

function resultsOf(stage: StagePlan, fate: Fate): Pick<PlanningContext<unknown>['last'], 'done' | 'failed'> {
  const without = new Set([...fate.failed, ...fate.out]);
  const left = chunksOf(stage).filter((_, ordinal) => !without.has(ordinal)).length;
  // Chunks may stay out only where a quorum of others is done.
  const may = stage.quorum !== undefined && left >= stage.quorum.chunks;
  const lost = may ? without : new Set(fate.failed);
  const done = chunksOf(stage).flatMap((spec, ordinal): DoneChunk[] =>
    lost.has(ordinal) ? [] : [{ ordinal, spec, ...madeBy(stage, fate, ordinal) }],
  );
  const failed = fate.failed
    .filter((ordinal) => ordinal < stage.chunks.length)
    .map((ordinal) => ({
      ordinal,
      spec: chunksOf(stage)[ordinal],
      code: 'script-failed',
      message: 'No.',
      log: '',
    }));
  return { done, failed };
}

function madeBy(stage: StagePlan, fate: Fate, ordinal: number): Pick<DoneChunk, 'result' | 'files'> {
  const metrics = fate.metric === null ? null : { accuracy: fate.metric };
  switch (stage.name) {
    case 'initialize':
      return {
        result: { parameters: 5, started: fate.started ?? null, once: fate.once ? 1 : 0, seconds: 1 },
        files: [file(FILES.weights), ...(fate.once ? [file(FILES.once)] : [])],
      };
    case 'train': {
      const keeps = fate.bare !== undefined && !fate.bare.includes(ordinal);
      const result = {
        samples: 5,
        metrics: metrics ?? {},
        history: [],
        kept: keeps ? 1 : 0,
        shared: keeps ? 2 : 0,
        epochs: 2,
        handedInEarly: fate.early === true,
        seconds: 1,
      };
      const kept = keeps ? [file(FILES.kept(ordinal)), file(FILES.shared)] : [];
      return { result, files: [file(FILES.update), ...kept] };
    }
    case 'merge': {
      const { merge, states } = MergeSpec.parse(stage.spec);
      const outer = merge.merge === 'outer' ? [file(FILES.momentum)] : [];
      const shared = states.length > 0 ? [file(FILES.shared)] : [];
      return {
        result: { metrics, parameters: 5, seconds: 1 },
        files: [file(FILES.weights, fate.bytes), ...outer, ...shared],
      };
    }
    default:
      return { result: { metrics, seconds: 1 }, files: [] };
  }
}

/** Plays a whole job; checks of every stage that what it names is still there. */
function play(spec: TrainingSpec, fates: Fate[]): { steps: NextStep[]; stages: StagePlan[]; kept: number } {
  const plan = planOf(spec);
  const held = new Set<string>([
    spec.script.blob,
    ...(spec.from === null ? [] : [spec.from.blob]),
    ...plan.shards.flatMap((shard) => shard.input?.hash ?? []),
    ...(plan.holdout === null ? [] : [plan.holdout.input.hash]),
  ]);
  /** What the chunks of each stage made and nobody freed. */
  const files = new Map<string, DoneChunk['files']>();
  let kept = 0;
  /** What each shard came with last. */
  const lasting = new Map<number, string | undefined>();
  const stages = [training.first(spec)];
  const steps: NextStep[] = [];
  let decided: unknown = null;
  for (let turn = 0; ; turn += 1) {
    assert.ok(turn <= 4 + 2 * spec.settings.rounds, 'the job does not end');
    const stage = stages.at(-1) as StagePlan;
    const fate = fates[turn % fates.length] as Fate;
    const { done, failed } = resultsOf(stage, fate);
    const id = StageId.parse(`stg_${String(turn).padStart(12, '0')}`);
    files.set(
      id,
      done.flatMap((chunk) => chunk.files),
    );
    const ordinals = done.map((chunk) => chunk.ordinal);
    if (stage.name === 'train') {
      for (const { ordinal, files: made } of done) {
        if (!fate.unchecked.includes(ordinal))
          lasting.set(ordinal, made.find((one) => one.name === FILES.kept(ordinal))?.hash);
      }
    }
    const step = training.next({
      spec,
      given: null,
      decided,
      fleet: [],
      last: {
        id,
        name: stage.name,
        spec: stage.spec,
        total: stage.chunks.length,
        done: done.map((chunk) => ({ ...chunk, result: training.parseResult(stage.name, chunk.result) })),
        failedCount: failed.length,
        failed,
        taskValue:
          stage.name === 'split'
            ? plan
            : { checked: ordinals.filter((ordinal) => !fate.unchecked.includes(ordinal)) },
      },
    });
    steps.push(step);
    if (step.step !== 'stage') return { steps, stages, kept };
    if (step.settings !== undefined) decided = step.settings;
    for (const { stage: of, keep } of step.free ?? []) {
      const made = files.get(of);
      assert.ok(made !== undefined, 'files of a stage that never was are freed');
      files.set(
        of,
        made.filter((one) => keep.includes(one.name)),
      );
    }
    const left = [...files.values()].flat();
    kept = left.length;
    if (stage.name === 'merge') {
      const still = left.filter((one) => one.name.startsWith('kept')).map((one) => one.hash);
      const wanted =
        step.stage.name === 'train' ? [...lasting.values()].filter((one) => one !== undefined) : [];
      assert.deepEqual(still.sort(), wanted.sort(), 'what shards keep is not what is still there');
    }
    if (step.stage.name === 'train') {
      const { context, state } = TrainSpec.parse(step.stage.spec);
      const shared = left.filter((one) => one.name === FILES.shared).map((one) => one.hash);
      assert.deepEqual(shared, state.shared === null ? [] : [state.shared.hash]);
      assert.equal(step.stage.inputs.at(-1)?.path === SHARED, state.shared !== null);
      assert.equal(context.epoch, 2 * (context.round - 1));
      for (const [shard, spec] of chunksOf(step.stage).entries())
        assert.equal(
          ShardChunk.parse(spec).kept?.hash,
          lasting.get(shard),
          `shard ${shard} goes on from another`,
        );
    }
    const there = new Set<string>([...held, ...left.map((one) => one.hash)]);
    for (const chunk of chunksOf(step.stage)) {
      const inputs: StageInput[] = [...step.stage.inputs, ...training.chunkInputs(step.stage.name, chunk)];
      for (const one of inputs) assert.ok(there.has(one.hash), `${step.stage.name}: ${one.path} was freed`);
      assert.equal(new Set(inputs.map((one) => one.path)).size, inputs.length, 'two inputs of one path');
      assert.ok(training.label(step.stage.name, chunk).length > 0);
    }
    const { from, to } = step.stage.span ?? { from: 0, to: 1 };
    assert.ok(from >= (stage.span?.to ?? 0) - 1e-9 && to >= from && to <= 1, 'progress goes back');
    stages.push(step.stage);
  }
}

const few = fc.uniqueArray(fc.nat(7), { maxLength: 2 });
const fate: fc.Arbitrary<Fate> = fc.record({
  failed: few,
  out: few,
  unchecked: few,
  metric: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
  bare: few,
  once: fc.boolean(),
});
const settings = fc.record({
  shards: fc.integer({ min: 1, max: 8 }),
  rounds: fc.integer({ min: 1, max: 12 }),
  merge: fc.constantFrom('average' as const, 'outer' as const),
  quorum: fc.double({ min: 0.01, max: 1, noNaN: true }),
  deadlineSeconds: fc.option(fc.constant(5)),
  holdout: fc.constantFrom(0, 0.1),
  patience: fc.option(fc.integer({ min: 1, max: 3 })),
  models: fc.constantFrom('auto' as const, 'all' as const, 'best' as const),
});

test('any sequence of settled stages leads on, names only files that are still there, and ends', () => {
  fc.assert(
    fc.property(settings, fc.array(fate, { minLength: 1, maxLength: 30 }), (given, fates) => {
      const { steps } = play(specWith(given), fates);
      const last = steps.at(-1);
      assert.ok(last?.step === 'assemble' || last?.step === 'fail', JSON.stringify(last));
    }),
    { numRuns: 300 },
  );
});

const WELL: Fate = { failed: [], out: [], unchecked: [], metric: 0.5 };
const names = (stages: StagePlan[]) => stages.map((stage) => stage.name);

test('a training without trouble: every round is trained and merged, and the best weights are evaluated', () => {
  const fates = [WELL, WELL, WELL, WELL, WELL, { ...WELL, metric: 0.6 }, WELL];
  const { steps, stages } = play(specWith({ rounds: 2, shards: 3 }), fates);
  assert.deepEqual(names(stages), ['split', 'initialize', 'train', 'merge', 'train', 'merge', 'evaluate']);
  assert.deepEqual(steps.at(-1), { step: 'assemble' });
  assert.equal(EvaluateSpec.parse(stages.at(-1)?.spec).round, 2);
  assert.equal(TrainSpec.parse(stages[2]?.spec).context.batch, 11, 'the global batch is divided');
});

test('what a script makes once it makes of all shards, and every later run of it has that', () => {
  const spec = { ...specWith({ rounds: 2, shards: 3 }), once: true };
  const { stages } = play(spec, [WELL, { ...WELL, once: true }, WELL, WELL, WELL, WELL, WELL]);
  const [, initialize, ...later] = stages as [StagePlan, StagePlan, ...StagePlan[]];
  const { parts } = InitializeSpec.parse(initialize.spec);
  assert.deepEqual(parts, ['parts/0.npz', 'parts/1.npz', 'parts/2.npz']);
  assert.deepEqual(initialize.inputs.map(({ path }) => path).slice(-3), parts);
  assert.deepEqual(
    chunksOf(initialize).map((chunk) => ShardChunk.parse(chunk).data),
    [null],
  );
  assert.equal(later.length, 5);
  for (const { name, inputs, spec } of later) {
    assert.ok(
      inputs.some(({ path }) => path === ONCE),
      `${name} has it not`,
    );
    assert.equal((spec as TrainSpec).context.once, true);
  }
});

test('of mode ddp one gang trains one model on all rows, with the epochs of all rounds', () => {
  const given = specWith({ mode: 'ddp', workers: 4, minWorkers: null, rounds: 3, shards: 5, batch: 32 });
  const settings = plannedSettings(given.settings);
  const first = { ...WELL, out: [1, 2, 3] };
  const { steps, stages } = play({ ...given, settings }, [WELL, WELL, first, WELL, WELL]);
  assert.deepEqual(names(stages), ['split', 'initialize', 'train', 'merge', 'evaluate']);
  assert.deepEqual(steps.at(-1), { step: 'assemble' });
  const [, , train, merge] = stages as [StagePlan, StagePlan, StagePlan, StagePlan];
  assert.deepEqual([train.gang, train.quorum], [{ min: 2 }, { chunks: 1, afterMs: 0 }]);
  assert.deepEqual(
    chunksOf(train).map((chunk) => training.label('train', chunk)),
    ['Worker 1', 'Worker 2', 'Worker 3', 'Worker 4'],
  );
  assert.equal(TrainSpec.parse(train.spec).context.batch, 32, 'members divide it');
  assert.deepEqual(MergeSpec.parse(merge.spec).missing, []);
  assert.deepEqual(
    steps.flatMap((step) => ('notes' in step ? step.notes : [])),
    [],
  );
  assert.equal(repeatsOf(given.settings), 3);
});

test('a training of mode ddp whose script fails says what the script said', () => {
  const spec = specWith({ mode: 'ddp', workers: 2, rounds: 1, shards: 1 });
  const { steps } = play(spec, [WELL, WELL, { ...WELL, failed: [0, 1] }]);
  const end = steps.at(-1);
  assert.ok(end?.step === 'fail');
  assert.equal(end.message, 'The training could not be finished: No.');
});

test('what mode ddp cannot be is said before it runs', () => {
  const problem = (given: Partial<TrainingSettings>, modules = ['torch']) =>
    ddpProblem(specWith({ mode: 'ddp', ...given }).settings, modules);
  assert.equal(problem({}), null);
  assert.match(
    problem({ workers: 2, minWorkers: 3 }) ?? '',
    /fewest workers \(3\) are more than the most \(2\)/,
  );
  assert.match(
    problem({ compress: 'int8', patience: 3 }) ?? '',
    /no rounds for compress, patience\. Leave that out/,
  );
  assert.match(problem({}, ['numpy']) ?? '', /torch, which the script does not import/);
});

test('only updates that passed the check are merged; below the quorum the job fails and says why', () => {
  const one: Fate = { ...WELL, failed: [1], unchecked: [3] };
  const spec = specWith({ rounds: 1, shards: 4, quorum: 0.5 });
  const { steps, stages } = play(spec, [WELL, WELL, one, WELL, WELL]);
  const merge = MergeSpec.parse(stages[3]?.spec);
  assert.deepEqual(
    merge.updates.map(({ shard, path }) => [shard, path]),
    [
      [0, 'updates/0.npz'],
      [2, 'updates/2.npz'],
    ],
  );
  assert.deepEqual(merge.missing, [1, 3]);
  assert.deepEqual(merge.shardMetrics, { accuracy: 0.5 });
  const noted = steps.flatMap((step) => ('notes' in step ? step.notes : []));
  assert.deepEqual(
    noted.map((note) => note.message),
    ['Round 1 went on without shards 2, 4: No.'],
  );
  assert.equal(steps.at(-1)?.step, 'assemble');

  const { steps: lost } = play(specWith({ rounds: 1, shards: 4, quorum: 0.75 }), [WELL, WELL, one]);
  const end = lost.at(-1);
  assert.ok(end?.step === 'fail');
  assert.match(
    end.message,
    /^Round 1 could not be finished: 2 of 4 shards came to a result, 3 are needed\. Shard 2: No\.$/,
  );
});

test('what a model was trained without is counted up over its rounds, and said in one sentence', () => {
  const { stages } = play(specWith({ rounds: 3, shards: 4, quorum: 0.5 }), [
    WELL,
    WELL,
    { ...WELL, failed: [1] },
    WELL,
    { ...WELL, failed: [1, 2] },
    WELL,
    { ...WELL, failed: [1] },
    WELL,
  ]);
  const { missingShards } = MergeSpec.parse(stages.at(-2)?.spec).state;
  assert.equal(
    withoutWords(missingShards, { shards: 4, rounds: 3 }),
    'without shard 2 in all 3 rounds and shard 3 in 1 of 3 rounds (33 % of the training): No.',
  );
  assert.equal(withoutWords({ shards: [], why: null }, { shards: 4, rounds: 3 }), null);
});

test('a job that loses a shard in every round says so ten times, not ten thousand', () => {
  const { steps } = play(specWith({ rounds: 50, shards: 4, quorum: 0.5, deadlineSeconds: 9 }), [
    WELL,
    WELL,
    ...Array.from({ length: 50 }, () => [{ ...WELL, out: [2] }, WELL]).flat(),
    WELL,
  ]);
  assert.equal(steps.at(-1)?.step, 'assemble');
  const noted = steps.flatMap((step) => ('notes' in step ? step.notes : []));
  assert.equal(noted.length, 10);
  assert.match(
    noted.at(-1)?.message ?? '',
    /without shard 3: not finished when .* the list of rounds shows them\.$/,
  );
});

test('the best round is the result and the last is handed out beside it, with patience and without', () => {
  const fates = [WELL, WELL, ...[0.5, 0.9, 0.7].flatMap((metric) => [WELL, { ...WELL, metric }]), WELL];
  const resultOf = (given: Partial<TrainingSettings>) => {
    const { stages } = play(specWith({ rounds: 3, ...given }), fates);
    const { round, last } = EvaluateSpec.parse(stages.at(-1)?.spec);
    return [round, last?.round ?? null];
  };
  assert.deepEqual(resultOf({}), [2, 3]);
  assert.deepEqual(resultOf({ patience: 1 }), [2, 3]);
  assert.deepEqual(resultOf({ rounds: 2 }), [2, null]);
  assert.deepEqual(resultOf({ holdout: 0 }), [2, 3]);
});

test('with patience the weights of the best round outlive the rounds after it', () => {
  const metrics = [0.5, 0.9, 0.7, 0.8, 0.95];
  const fates = [WELL, WELL, ...metrics.flatMap((metric) => [WELL, { ...WELL, metric }]), WELL];
  const { steps, stages } = play(specWith({ rounds: 5, patience: 2 }), fates);
  const evaluate = stages.at(-1);
  assert.deepEqual(names(stages).filter((name) => name === 'train').length, 4);
  assert.equal(EvaluateSpec.parse(evaluate?.spec).round, 2);
  assert.ok(evaluate?.inputs.some((one) => one.path === WEIGHTS));
  const note = steps.flatMap((step) => ('notes' in step ? step.notes : [])).at(-1);
  assert.equal(
    note?.message,
    'Stopped after round 4 of 5: no better for 2 rounds. The result is the model of round 2.',
  );
});

test('patience does not end a training of which nothing is measured, and says so once', () => {
  const unmeasured: Fate = { ...WELL, metric: null };
  for (const [holdout, why] of [
    [0, /nothing of the data is held out/],
    [0.1, /handed no metric to pilot\.finish/],
  ] as const) {
    const { steps, stages } = play(specWith({ rounds: 4, patience: 1, holdout }), [unmeasured]);
    assert.equal(names(stages).filter((name) => name === 'train').length, 4);
    assert.equal(EvaluateSpec.parse(stages.at(-1)?.spec).round, 4);
    const [note, ...more] = steps.flatMap((step) => ('notes' in step ? step.notes : []));
    assert.match(note?.message ?? '', why);
    assert.deepEqual(more, []);
  }
});

test('when the model is measured there are only models left: of all rounds, or of the best and the last', () => {
  const metrics = [0.5, 0.9, 0.7, 0.8];
  const fates = [WELL, WELL, ...metrics.flatMap((metric) => [WELL, { ...WELL, metric }]), WELL];
  const of = (given: Partial<TrainingSettings>) =>
    play(specWith({ rounds: 4, shards: 3, merge: 'outer', ...given }), fates);
  assert.equal(of({ models: 'all' }).kept, 4);
  assert.equal(of({ models: 'best' }).kept, 2);
  // Files of this test have a byte.
  assert.equal(of({ models: 'auto' }).kept, 4);
});

test('what was sent while steps were made is counted apart: the updates and what is merged, not what shards keep', () => {
  const settings = { rounds: 1, shards: 3, mode: 'diloco', overlap: 5 } as const;
  const bytesOf = (fate: Partial<Fate>) => {
    const { stages } = play(specWith(settings), [WELL, WELL, { ...WELL, bare: [2], ...fate }, WELL, WELL]);
    assert.equal(TrainSpec.parse(stages.find(({ name }) => name === 'train')?.spec).context.overlap, 5);
    return MergeSpec.parse(stages.find(({ name }) => name === 'merge')?.spec).bytes;
  };
  // Files of this test have a byte, and the third shard keeps nothing.
  assert.deepEqual(bytesOf({ early: true }), { sent: 7, received: 3, early: 5 });
  assert.deepEqual(bytesOf({}), { sent: 7, received: 3, early: 0 });
});

test('of large models each n-th is left beside the best and the last, and a best one that was beaten is not', () => {
  const metrics = [0.1, 0.2, 0.8, 0.3, 0.9, 0.4];
  const bytes = 1024 ** 3;
  const rounds = metrics.flatMap((metric) => [WELL, { ...WELL, metric, bytes }]);
  const { kept, steps } = play(specWith({ rounds: 6, shards: 3 }), [WELL, WELL, ...rounds, WELL]);
  // Of rounds 2, 4 and 6, and of round 5.
  assert.equal(kept, 4);
  const said = steps.flatMap((step) => ('notes' in step ? step.notes : [])).map(({ message }) => message);
  assert.match(said.join(), /best and the newest model and that of each 2nd round are kept: .* 6\.0 GB/);
});

test('weights to start from go to the chunk that makes the first ones, and a worker that left them out is refused', () => {
  const from = { blob: hash(), size: 9, fileName: 'Model.PT', fitting: true, of: null };
  const spec = TrainingSpec.parse({ ...specWith({ rounds: 1, shards: 1 }), from });
  const first = { ...WELL, started: { taken: 2, left: ['head'], unused: [] } };
  const { stages, steps } = play(spec, [WELL, first, WELL]);
  const initialize = stages[1] as StagePlan;
  assert.deepEqual(
    initialize.inputs.find(({ path }) => path.startsWith('start')),
    { path: 'start.pt', hash: from.blob, size: 9 },
  );
  const said = steps.flatMap((step) => ('notes' in step ? step.notes : []));
  assert.match(
    said[0]?.message ?? '',
    /starts from "Model\.PT": 2 arrays\. As the script makes them: "head"/,
  );
  const result = { parameters: 1, seconds: 1 };
  const problem = (stage: StagePlan) => training.resultProblem(stage, {}, result);
  assert.match(problem(initialize) ?? '', /left out the weights that the training is to start from/);
  const plain = play(specWith({ rounds: 1, shards: 1 }), [WELL]).stages[1] as StagePlan;
  assert.equal(problem(plain), null);
  const sent = { blob: from.blob, fileName: from.fileName, fitting: true };
  assert.deepEqual(training.submission(spec).from, sent);
});

test('values of two metrics are never compared: a round without the first one is no better', () => {
  const plan = planOf(specWith({}));
  const missingShards = { shards: [], why: null };
  const start = {
    momentum: null,
    shared: null,
    best: null,
    roundsWithoutImprovement: 0,
    incompleteRounds: 0,
    missingShards,
    toldNotFinite: false,
    epochs: 0,
    kept: [],
    once: null,
    series: null,
  };
  const weights = input(WEIGHTS);
  const at = (round: number) => ({ round, weights, stage: null });
  const one = judge(start, at(1), { loss: 2, f1: 0.1 }, plan);
  assert.deepEqual([one.best?.name, one.best?.value], ['loss', 2]);
  // A loss that is no number any more is left out of what the script hands over.
  const two = judge({ ...one, momentum: null, shared: null }, at(2), { f1: 5 }, plan);
  assert.deepEqual([two.best?.round, two.roundsWithoutImprovement], [1, 1]);
  const three = judge({ ...two, momentum: null, shared: null }, at(3), { accuracy: 0.1, loss: 1 }, plan);
  assert.deepEqual([three.best?.round, three.best?.value], [3, 1]);
});

test('a round may close at its quorum, which is never nobody', () => {
  assert.equal(quorumOf({ quorum: 0.75, shards: 4 }), 3);
  assert.equal(quorumOf({ quorum: 0.01, shards: 4 }), 1);
  assert.equal(quorumOf({ quorum: 1, shards: 3 }), 3);
  const { stages } = play(specWith({ rounds: 1, deadlineSeconds: 2.5 }), [WELL]);
  assert.deepEqual(stages[2]?.quorum, { chunks: 3, afterMs: 2_500 });
  assert.equal(stages[3]?.quorum, undefined);
});

test('dividing the batch never comes to a single row, unless that is the batch', () => {
  assert.equal(batchPerShard({ batch: 32, shards: 4 }), 8);
  assert.equal(batchPerShard({ batch: 32, shards: 256 }), 2);
  assert.equal(batchPerShard({ batch: 1, shards: 4 }), 1);
});

test('the outer step of diloco is the paper’s for hundreds of rounds, and none that the rounds are too few for', () => {
  const at = (rounds: number) => usualOuterStep({ mode: 'diloco', rounds });
  assert.deepEqual(at(10_000), { lr: 0.7, momentum: 0.9 });
  assert.deepEqual(at(200), { lr: 0.7, momentum: 0.9 });
  assert.deepEqual(at(40), { lr: 0.833, momentum: 0.5 });
  assert.deepEqual(at(16), { lr: 1, momentum: 0 });
  assert.deepEqual(usualOuterStep({ mode: 'rounds', rounds: 16 }), { lr: 1, momentum: 0.3 });
  assert.deepEqual(usualOuterStep({ mode: 'diloco', rounds: 200, sparsify: 0.1 }), { lr: 1, momentum: 0 });
});

test('the last round ends with the mean of its shards, the others a step beyond it', () => {
  const outer = play(specWith({ rounds: 3, merge: 'outer' }), [WELL, WELL, WELL]).stages.flatMap(
    ({ name, spec }) => (name === 'merge' ? [MergeSpec.parse(spec).merge] : []),
  );
  assert.deepEqual(
    outer.map(({ merge, outerLr, outerMomentum }) => [merge, outerLr, outerMomentum]),
    [
      ['outer', 1, 0.3],
      ['outer', 1, 0.3],
      ['outer', 1, 0],
    ],
  );
});

test('a parameter that no script reads, figures that are NaN, and a metric that never comes are each told once', () => {
  const spec = specWith({ params: { lr: 1, lrr: 2 }, rounds: 3, metric: 'f1' });
  const train = TrainSpec.parse(play(spec, [WELL]).stages[2]?.spec);
  const update = (shard: number, notFinite: string[]) => ({
    shard,
    result: {
      params: ['lr', 'width'],
      notFinite,
      optimizers: shard === 2 ? ['Adam', 'StepLR'] : [],
      unrated: shard === 2,
    },
  });
  const first = oddities(spec.settings, train, [update(0, []), update(2, ['loss'])]);
  assert.deepEqual(
    first.notes.map((note) => note.message),
    [
      'The script never asked pilot.param for "lrr", so this parameter changed nothing. It asks for lr, width.',
      "The script's Adam and StepLR begin anew in every round; pilot.keep(…) with them before the epochs lets them go on, which most trainings need to come as far as on one machine.",
      `Each shard steps with ${train.context.batch} of a batch of 32 rows, and the script’s SGD has its learning rate unchanged. If that only just suits the whole batch, shards diverge: say lr=pilot.rate(…), which is the same alone and smaller here.`,
      'In round 1 the script reported loss as NaN or infinite, on shard 3. The training may have diverged: a smaller learning rate may help.',
    ],
  );
  const context = { ...train.context, round: 2 };
  const state = { ...train.state, toldNotFinite: first.toldNotFinite };
  assert.deepEqual(oddities(spec.settings, { ...train, context, state }, [update(0, ['loss'])]).notes, []);
  const notes = play(spec, [WELL]).steps.flatMap((step) => ('notes' in step ? step.notes : []));
  assert.ok(
    notes.some(({ message }) =>
      message.startsWith(
        'No round will be the best: the script handed no metric "f1" to pilot.finish for the merged model; it hands over accuracy.',
      ),
    ),
    JSON.stringify(notes),
  );
});
