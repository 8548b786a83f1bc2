import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SweepView } from '@parallel-pilot/shared/kinds/training/sweep/view.ts';
import { sweepLines } from './sweep-command.ts';

const WHY = 'Stopped by its sweep after round 1: accuracy 0.95 was not in the best third of 3.';

const training = (number: number, lr: number, more: object) => ({
  job: `job_${String(number).repeat(20)}`,
  number,
  name: `digits lr=${lr}`,
  params: { lr, width: 64 },
  state: 'running',
  because: null,
  round: 1,
  rounds: 9,
  metrics: null,
  best: null,
  curve: [],
  ...more,
});

const VIEW = SweepView.parse({
  id: 'a-group-of-sixteen',
  name: 'digits',
  person: 'per_abcdefghij0123456789',
  createdAt: 0,
  state: 'running',
  sweep: { parameters: { lr: { of: 'choice', values: [0.1, 0.2, 0.3] } }, mode: 'asha' },
  rungs: [1, 3],
  metric: { name: 'accuracy', goal: 'max' },
  problem: null,
  best: `job_${'2'.repeat(20)}`,
  trainings: [
    training(1, 0.1, {
      state: 'canceled',
      because: { code: 'stopped', sentence: WHY },
      metrics: { accuracy: 0.95 },
    }),
    training(2, 0.2, { round: 3, metrics: { accuracy: 0.9, loss: 0.5 } }),
    training(3, 0.3, { state: 'paused', because: { code: 'turn', sentence: 'Waits.' }, round: 0 }),
  ],
});

test('pilot sweep shows those that go on before those that were stopped, why, and how to get the best', () => {
  assert.deepEqual(sweepLines(VIEW, 100), [
    'digits: asha, 3 trainings, running',
    '',
    '   lr   width  ACCURACY  ROUND  STATE',
    '*  0.2  64     0.9       3      running  loss 0.5',
    '   0.1  64     0.95      1      stopped',
    '   0.3  64               0      paused',
    '',
    '1 training under way.',
    `1 stopped. The last: ${WHY}`,
    `Best: pilot download job_${'2'.repeat(20)} --best`,
  ]);
});
