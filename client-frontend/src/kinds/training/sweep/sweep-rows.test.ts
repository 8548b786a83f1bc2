import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SweepView } from '@parallel-pilot/shared/kinds/training/sweep/view.ts';
import { linesOf, sorted, tableOf } from './sweep-rows.ts';

const training = (number: number, lr: number, best: number | null, loss: number | null) => ({
  job: `job_${String(number).repeat(20)}`,
  number,
  name: `train lr=${lr}`,
  params: { lr, width: 64 },
  state: 'running',
  because: null,
  round: 2,
  rounds: 9,
  metrics: best === null ? null : { accuracy: best - 0.1, ...(loss === null ? {} : { loss }) },
  best: best === null ? null : { round: 1, name: 'accuracy', value: best },
  curve:
    best === null
      ? []
      : [
          { round: 1, metrics: { accuracy: best } },
          { round: 2, metrics: {} },
        ],
});

const VIEW = SweepView.parse({
  id: 'g',
  name: 'train',
  person: 'per_abcdefghij0123456789',
  createdAt: 0,
  state: 'running',
  sweep: { parameters: { lr: { of: 'choice', values: [0.1, 0.2, 0.3] } } },
  rungs: [],
  metric: { name: 'accuracy', goal: 'max' },
  problem: null,
  best: `job_${'2'.repeat(20)}`,
  trainings: [training(1, 0.1, 0.5, 0.2), training(2, 0.2, 0.9, null), training(3, 0.2, null, null)],
});

const numbers = (rows: { training: { number: number } }[]) => rows.map((row) => row.training.number);

test('the table sorts by any column, what has no value last either way', () => {
  const table = tableOf(VIEW, null);
  assert.deepEqual([table.params, table.metric, table.others], [['lr'], 'accuracy', ['loss']]);
  const by = (by: 'param' | 'metric' | 'number', name: string, down: boolean) =>
    numbers(sorted(table, { by, name, down }));
  assert.deepEqual(by('metric', 'accuracy', true), [2, 1, 3]);
  assert.deepEqual(by('metric', 'accuracy', false), [1, 2, 3]);
  assert.deepEqual(by('metric', 'loss', true), [1, 2, 3]);
  assert.deepEqual(by('param', 'lr', true), [2, 3, 1]);
  assert.deepEqual(by('number', '', true), [3, 2, 1]);
});

test('a parameter is marked where it is not as in the best, and the best value is shown of what counts', () => {
  const { rows } = tableOf(VIEW, null);
  assert.deepEqual(
    rows.map(({ cells, value }) => [cells[0]?.differs, value]),
    [
      [true, 0.5],
      [false, 0.9],
      [false, null],
    ],
  );
  assert.deepEqual(
    tableOf(VIEW, 'loss').rows.map(({ value }) => value),
    [0.2, null, null],
  );
});

test('a line has the rounds in which its metric was measured', () => {
  const lines = linesOf(tableOf(VIEW, null).rows, 'accuracy', VIEW.best);
  assert.deepEqual(
    lines.map(({ xs, ys, strong }) => [xs, ys, strong]),
    [
      [[1], [0.5], false],
      [[1], [0.9], true],
    ],
  );
});
