import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TrainingSettings } from '@parallel-pilot/shared/kinds/training/settings.ts';
import { firstValues, jobsOf, problemsOf, refusedFields } from './form-values.ts';

const sources = {
  script: { blob: 'a'.repeat(64), fileName: 'train.py' },
  data: { blob: 'b'.repeat(64), fileName: 'digits.npz' },
};

test('an untouched form is the farm’s own defaults', () => {
  const values = firstValues();
  assert.deepEqual(problemsOf(values), {});
  const [job] = jobsOf(values, sources, 'g');
  assert.ok(job?.kind === 'training');
  assert.deepEqual(TrainingSettings.parse(job.settings), TrainingSettings.parse({}));
  assert.equal(job.group, undefined);
  assert.equal(job.name, undefined);
});

test('a training starts from the file that was given, or from the training that was named', () => {
  const job = `job_${'a'.repeat(20)}`;
  const of = (values: object, more = {}) => {
    const [made] = jobsOf({ ...firstValues(), ...values }, { ...sources, ...more }, 'g');
    return made?.kind === 'training' ? made.from : null;
  };
  assert.equal(of({}), undefined);
  assert.deepEqual(of({ from: `${job}@3` }), { job, round: 3, fitting: false });
  assert.deepEqual(of({ from: job, fitting: 'some' }), { job, round: 'best', fitting: true });
  const file = { blob: 'c'.repeat(64), fileName: 'model.pt' };
  assert.deepEqual(of({ from: job }, { from: file }), { ...file, fitting: false });
  for (const from of ['the one of yesterday', `${job}@0`])
    assert.deepEqual(Object.keys(problemsOf({ ...firstValues(), from })), ['from'], from);
});

test('a name that is given is the name of the job, or begins those of a sweep', () => {
  const named = { ...firstValues(), name: ' night run ' };
  assert.deepEqual(
    jobsOf(named, sources, 'g').map((job) => job.name),
    ['night run'],
  );
  const params = [{ name: 'lr', values: '0.1, 0.01' }];
  assert.deepEqual(
    jobsOf({ ...named, params }, sources, 'g').map((job) => job.name),
    ['night run lr=0.1', 'night run lr=0.01'],
  );
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
  const jobs = jobsOf(values, sources, 'sweep-1');
  assert.deepEqual(
    jobs.map((job) => [job.name, job.group]),
    [
      ['train lr=0.1', 'sweep-1'],
      ['train lr=0.01', 'sweep-1'],
    ],
  );
  const [, second] = jobs;
  assert.ok(second?.kind === 'training');
  const settings = TrainingSettings.parse(second.settings);
  assert.equal(settings.holdout, 0.25);
  assert.equal(settings.trim, 0.125);
  assert.equal(settings.deadlineSeconds, 90);
  assert.equal(settings.metric, 'loss');
  assert.deepEqual(settings.params, { lr: 0.01, width: 64 });
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

test('a sweep of too many jobs is told before it is sent', () => {
  const many = Array.from({ length: 8 }, (_, index) => index).join(',');
  const params = [
    { name: 'a', values: many },
    { name: 'b', values: many },
  ];
  assert.match(problemsOf({ ...firstValues(), params }).params ?? '', /64 jobs/);
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
