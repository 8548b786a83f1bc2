import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { StageInput } from '../../protocol/workers.ts';
import type { DoneChunk, NextStep, PlanningContext, StagePlan } from '../kind.ts';
import { training } from './kind.ts';
import { judge } from './metric.ts';
import { quorumOf, type TrainingSettings } from './settings.ts';
import { TrainingSpec } from './spec.ts';
import { EvaluateSpec, FILES, MergeSpec, type TrainingPlan, TrainSpec, WEIGHTS } from './stages.ts';

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
  rows: 1_000,
  shards: Array.from({ length: settings.shards }, () => ({ input: input('data.npz'), rows: 10 })),
  holdout: settings.holdout === 0 ? null : { input: input('holdout.npz'), rows: 3 },
  classes: ['0', '1'],
});

/** How one stage goes: which of its chunks fail or stay out, what the check leaves, and the merged metric. */
type Fate = { failed: number[]; out: number[]; unchecked: number[]; metric: number | null };

const file = (name: string) => ({ name, hash: hash() as never, size: 1, mediaType: 'application/zip' });

function resultsOf(stage: StagePlan, fate: Fate): Pick<PlanningContext<unknown>['last'], 'done' | 'failed'> {
  const without = new Set([...fate.failed, ...fate.out]);
  const left = stage.chunks.filter((_, ordinal) => !without.has(ordinal)).length;
  // Chunks may stay out only where a quorum of others is done.
  const may = stage.quorum !== undefined && left >= stage.quorum.chunks;
  const lost = may ? without : new Set(fate.failed);
  const done = stage.chunks.flatMap((spec, ordinal): DoneChunk[] =>
    lost.has(ordinal) ? [] : [{ ordinal, spec, ...madeBy(stage, fate) }],
  );
  const failed = fate.failed
    .filter((ordinal) => ordinal < stage.chunks.length)
    .map((ordinal) => ({
      ordinal,
      spec: stage.chunks[ordinal],
      code: 'script-failed',
      message: 'No.',
      log: '',
    }));
  return { done, failed };
}

function madeBy(stage: StagePlan, fate: Fate): Pick<DoneChunk, 'result' | 'files'> {
  const metrics = fate.metric === null ? null : { accuracy: fate.metric };
  switch (stage.name) {
    case 'initialize':
      return { result: { parameters: 5, seconds: 1 }, files: [file(FILES.weights)] };
    case 'train': {
      const result = {
        samples: 5,
        metrics: metrics ?? {},
        history: [],
        seconds: 1,
      };
      return { result, files: [file(FILES.update)] };
    }
    case 'merge': {
      const outer = MergeSpec.parse(stage.spec).merge.merge === 'outer' ? [file(FILES.momentum)] : [];
      return {
        result: { metrics, parameters: 5, seconds: 1 },
        files: [file(FILES.weights), ...outer],
      };
    }
    default:
      return { result: { metrics, seconds: 1 }, files: [] };
  }
}

/** Plays a whole job; checks of every stage that what it names is still there. */
function play(spec: TrainingSpec, fates: Fate[]): { steps: NextStep[]; stages: StagePlan[] } {
  const plan = planOf(spec);
  const held = new Set<string>([
    spec.script.blob,
    ...plan.shards.map((shard) => shard.input.hash),
    ...(plan.holdout === null ? [] : [plan.holdout.input.hash]),
  ]);
  const files: string[][] = [];
  const stages = [training.first(spec)];
  const steps: NextStep[] = [];
  let decided: unknown = null;
  for (let turn = 0; ; turn += 1) {
    assert.ok(turn <= 4 + 2 * spec.settings.rounds, 'the job does not end');
    const stage = stages.at(-1) as StagePlan;
    const fate = fates[turn % fates.length] as Fate;
    const { done, failed } = resultsOf(stage, fate);
    files.push(done.flatMap((chunk) => chunk.files.map((one) => one.hash)));
    const ordinals = done.map((chunk) => chunk.ordinal);
    const step = training.next({
      spec,
      given: null,
      decided,
      fleet: [],
      last: {
        name: stage.name,
        spec: stage.spec,
        total: stage.chunks.length,
        done: done.map((chunk) => ({ ...chunk, result: training.parseResult(stage.name, chunk.result) })),
        failedCount: failed.length,
        failed,
        gathered:
          stage.name === 'split'
            ? plan
            : { checked: ordinals.filter((ordinal) => !fate.unchecked.includes(ordinal)) },
      },
    });
    steps.push(step);
    if (step.step !== 'stage') return { steps, stages };
    if (step.settings !== undefined) decided = step.settings;
    for (const one of step.free?.keep ?? []) held.add(one);
    for (const one of step.free?.release ?? []) assert.ok(held.delete(one), 'what was not held is released');
    if (step.free !== undefined) for (const one of files.slice(0, -1)) one.length = 0;
    const there = new Set([...held, ...files.flat()]);
    for (const chunk of step.stage.chunks) {
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
});
const settings = fc.record({
  shards: fc.integer({ min: 1, max: 8 }),
  rounds: fc.integer({ min: 1, max: 12 }),
  merge: fc.constantFrom('average' as const, 'outer' as const),
  quorum: fc.double({ min: 0.01, max: 1, noNaN: true }),
  deadlineSeconds: fc.option(fc.constant(5)),
  holdout: fc.constantFrom(0, 0.1),
  patience: fc.option(fc.integer({ min: 1, max: 3 })),
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

test('a training without trouble: every round is trained and merged, and the last weights are evaluated', () => {
  const { steps, stages } = play(specWith({ rounds: 2, shards: 3 }), [WELL]);
  assert.deepEqual(names(stages), ['split', 'initialize', 'train', 'merge', 'train', 'merge', 'evaluate']);
  assert.deepEqual(steps.at(-1), { step: 'assemble' });
  assert.equal(EvaluateSpec.parse(stages.at(-1)?.spec).round, 2);
  assert.equal(TrainSpec.parse(stages[2]?.spec).context.batch, 11, 'the global batch is divided');
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

test('with patience the best round is the result, and its weights outlive the rounds after it', () => {
  const metrics = [0.5, 0.9, 0.7, 0.8, 0.95];
  const fates = [WELL, WELL, ...metrics.flatMap((metric) => [WELL, { ...WELL, metric }]), WELL];
  const { steps, stages } = play(specWith({ rounds: 5, patience: 2 }), fates);
  const evaluate = stages.at(-1);
  assert.deepEqual(names(stages).filter((name) => name === 'train').length, 4);
  assert.equal(EvaluateSpec.parse(evaluate?.spec).round, 2);
  const best = evaluate?.inputs.find((one) => one.path === WEIGHTS)?.hash;
  const kept = steps.flatMap((step) => (step.step === 'stage' ? (step.free?.keep ?? []) : []));
  assert.ok(best !== undefined && kept.includes(best));
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

test('values of two metrics are never compared: a round without the first one is no better', () => {
  const plan = planOf(specWith({}));
  const start = { momentum: null, best: null, stale: 0, lossy: 0 };
  const weights = input(WEIGHTS);
  const one = judge(start, 1, { loss: 2, f1: 0.1 }, weights, plan);
  assert.deepEqual([one.best?.name, one.best?.value], ['loss', 2]);
  // A loss that is no number any more is left out of what the script hands over.
  const two = judge({ ...one, momentum: null }, 2, { f1: 5 }, weights, plan);
  assert.deepEqual([two.best?.round, two.stale], [1, 1]);
  const three = judge({ ...two, momentum: null }, 3, { accuracy: 0.1, loss: 1 }, weights, plan);
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
