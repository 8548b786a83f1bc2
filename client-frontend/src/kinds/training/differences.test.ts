import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TrainingSettings } from '@parallel-pilot/shared/kinds/training/settings.ts';
import { TrainingView } from '@parallel-pilot/shared/kinds/training/view.ts';
import { differencesOf } from './differences.ts';

const viewOf = (settings: object, more: object = {}): TrainingView =>
  TrainingView.parse({
    kind: 'training',
    script: 'train.py',
    data: 'digits.npz',
    settings: TrainingSettings.parse(settings),
    split: null,
    round: 2,
    metrics: null,
    best: null,
    ...more,
  });

test('what sets trainings apart is shown, and nothing that all have alike', () => {
  const job = `job_${'a'.repeat(20)}`;
  const views = [
    viewOf({ params: { lr: 0.1, width: 64 }, outerLr: 0.5 }),
    viewOf({ params: { lr: 0.1 }, rounds: 20 }, { data: 'more.npz' }),
    null,
    viewOf({ params: { lr: 0.1, width: 64 } }, { from: { fileName: 'a.npz', of: { job, round: 3 } } }),
  ];
  assert.deepEqual(differencesOf(views), [
    { name: 'width', cells: ['64', '–', '–', '64'] },
    { name: 'data', cells: ['digits.npz', 'more.npz', '–', 'digits.npz'] },
    { name: 'from', cells: ['–', '–', '–', 'aaaaaa, round 3'] },
    { name: 'rounds', cells: ['10', '20', '–', '10'] },
    { name: 'outer lr', cells: ['0.5', '–', '–', '–'] },
  ]);
  assert.deepEqual(differencesOf([viewOf({}), viewOf({}), null]), []);
  assert.deepEqual(differencesOf([null, null]), []);
});
