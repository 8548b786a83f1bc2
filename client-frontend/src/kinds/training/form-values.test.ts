import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TrainingSettings } from '@parallel-pilot/shared/kinds/training/settings.ts';
import { firstValues, jobOf, problemsOf, refusedFields, valuesOf } from './form-values.ts';

const sources = {
  script: { blob: 'a'.repeat(64), fileName: 'train.py' },
  data: { blob: 'b'.repeat(64), fileName: 'digits.npz' },
};

test('an untouched form is the farm’s own defaults', () => {
  const values = firstValues();
  assert.deepEqual(problemsOf(values), {});
  const job = jobOf(values, sources);
  assert.ok(job.kind === 'training');
  assert.deepEqual(TrainingSettings.parse(job.settings), TrainingSettings.parse({}));
  assert.equal(job.group, undefined);
  assert.equal(job.name, undefined);
});

test('a training starts from the file that was given, or from the training that was named', () => {
  const job = `job_${'a'.repeat(20)}`;
  const of = (values: object, more = {}) => {
    const made = jobOf({ ...firstValues(), ...values }, { ...sources, ...more });
    return made.kind === 'training' ? made.from : null;
  };
  assert.equal(of({}), undefined);
  assert.deepEqual(of({ from: `${job}@3` }), { job, round: 3, fitting: false });
  assert.deepEqual(of({ from: job, fitting: 'some' }), { job, round: 'best', fitting: true });
  const file = { blob: 'c'.repeat(64), fileName: 'model.pt' };
  assert.deepEqual(of({ from: job }, { from: file }), { ...file, fitting: false });
  for (const from of ['the one of yesterday', `${job}@0`])
    assert.deepEqual(Object.keys(problemsOf({ ...firstValues(), from })), ['from'], from);
});

test('of data that workers lend the farm may get sums alone, which asks for a bound of each update', () => {
  const before = valuesOf(TrainingSettings.parse({ secure: true, clip: 2 }));
  const secureOf = (values: object) => {
    const made = jobOf({ ...before, ...values }, sources);
    return made.kind === 'training' && made.settings?.secure;
  };
  assert.equal(secureOf({ localData: 'wards' }), true);
  assert.equal(secureOf({ localData: 'wards', updates: 'each' }), false);
  assert.equal(secureOf({}), false);
  const unbounded = { ...before, localData: 'wards', clip: '' as const };
  assert.deepEqual(Object.keys(problemsOf(unbounded)), ['clip']);
});

test('steps that are made while an update is sent are fewer than those of a round, and of mode diloco alone', () => {
  const values = { ...firstValues(), mode: 'diloco' as const, innerSteps: 50, overlap: 10 };
  const overlapOf = (more: object) => {
    const job = jobOf({ ...values, ...more }, sources);
    return job.kind === 'training' && job.settings?.overlap;
  };
  assert.deepEqual(problemsOf(values), {});
  assert.deepEqual([overlapOf({}), overlapOf({ mode: 'rounds' })], [10, 0]);
  assert.deepEqual(Object.keys(problemsOf({ ...values, overlap: 50 })), ['overlap']);
});

test('a name that is given is the name of the job', () => {
  const named = { ...firstValues(), name: ' night run ' };
  assert.equal(jobOf(named, sources).name, 'night run');
  assert.deepEqual(Object.keys(problemsOf({ ...named, name: 'x'.repeat(201) })), ['name']);
});

test('percentages, empty fields and lists become what the farm takes', () => {
  const values = {
    ...firstValues(),
    holdout: 25,
    trim: 12.5,
    deadlineSeconds: 90,
    metric: ' loss ',
    params: [
      { name: 'lr', values: '0.1, 0.01' },
      { name: 'width', values: '64' },
    ],
  };
  const job = jobOf(values, sources);
  assert.ok(job.kind === 'training');
  assert.deepEqual(job.sweep?.parameters, { lr: { of: 'choice', values: [0.1, 0.01] } });
  assert.equal(job.sweep?.mode, 'grid');
  const settings = TrainingSettings.parse(job.settings);
  assert.equal(settings.holdout, 0.25);
  assert.equal(settings.trim, 0.125);
  assert.equal(settings.deadlineSeconds, 90);
  assert.equal(settings.metric, 'loss');
  assert.deepEqual(settings.params, { width: 64 });
});

test('what the farm would refuse is told at its field', () => {
  const values = {
    ...firstValues(),
    shards: 0,
    rounds: '' as const,
    holdout: 95,
    patience: 0.5,
    params: [
      { name: 'l r', values: '1' },
      { name: 'lr', values: '' },
      { name: 'lr', values: '1' },
      { name: '', values: '' },
    ],
  };
  assert.deepEqual(Object.keys(problemsOf(values)).sort(), [
    'holdout',
    'params.0.name',
    'params.1.values',
    'params.2.name',
    'patience',
    'rounds',
    'shards',
  ]);
});

test('what cannot be a sweep is told before it is sent', () => {
  const problem = (values: string, more: object = {}) =>
    problemsOf({ ...firstValues(), params: [{ name: 'a', values }], ...more });
  const many = Array.from({ length: 101 }, (_, index) => index).join(',');
  assert.match(problem(many).params ?? '', /101 trainings, and a sweep has at most 100/);
  assert.match(problem('log(0.1, 1)', { sweepMode: 'grid' }).params ?? '', /a is a range/);
  assert.match(problem('log(1, 0.1)')['params.0.values'] ?? '', /smaller number first/);
  assert.match(problem('1,2', { sweepMode: 'asha', minRounds: 10 }).params ?? '', /first after 10/);
  assert.deepEqual(Object.keys(problem('log(0.1, 1)', { runs: 1 })), ['runs']);
  assert.deepEqual(problem('log(0.1, 1)', { runs: 5 }), {});
  const job = jobOf({ ...firstValues(), params: [{ name: 'a', values: 'log(0.1, 1)' }], runs: 5 }, sources);
  assert.ok(job.kind === 'training');
  assert.deepEqual([job.sweep?.mode, job.sweep?.runs], ['random', 5]);
});

test('a refusal that names fields is told at them', () => {
  const message =
    'The request is not valid. settings.rounds: Too small: expected number to be >=1.5. settings.params.lr: Invalid input.';
  assert.deepEqual(refusedFields(message), {
    rounds: 'Too small: expected number to be >=1.5.',
    params: 'Invalid input.',
  });
  assert.deepEqual(refusedFields('The data has no column "y".'), {});
});
