import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { TrainingSettings } from '@parallel-pilot/shared/kinds/training/settings.ts';
import { RoundList, TrainingView } from '@parallel-pilot/shared/kinds/training/view.ts';
import { compare } from './compared.ts';

function jobOf(lr: number, best: { name: string; value: number } | null): JobDetail {
  const view = TrainingView.parse({
    kind: 'training',
    script: 'train.py',
    data: 'digits.npz',
    settings: TrainingSettings.parse({ params: { lr, width: 64 } }),
    split: null,
    round: 2,
    metrics: null,
    best: best && { round: 1, ...best },
  });
  return { name: `train lr=${lr}`, state: 'running', view } as JobDetail;
}

const rounds = RoundList.parse({
  total: 2,
  rounds: [0.5, 0.7, null].map((loss, index) => ({
    round: index + 1,
    state: loss === null ? 'training' : 'done',
    shardsDone: 4,
    shards: 4,
    metrics: loss === null ? null : { loss },
    shardMetrics: {},
    seconds: 1,
    startedAt: 0,
  })),
});

test('the best is the one whose metric is, and each has its line', () => {
  const jobs = [
    jobOf(0.1, { name: 'loss', value: 0.5 }),
    jobOf(0.01, { name: 'loss', value: 0.3 }),
    jobOf(1, null),
  ];
  const shown = compare(['a', 'b', 'c'], jobs, [rounds, undefined, undefined]);
  assert.deepEqual(
    shown.entries.map(({ title, value, rounds: text }) => [title, value, text]),
    [
      ['train lr=0.01', 0.3, '2 of 10'],
      ['train lr=0.1', 0.5, '2 of 10'],
      ['train lr=1', null, '2 of 10'],
    ],
  );
  assert.equal(shown.metric, 'loss');
  assert.equal(shown.best, 'b', 'less loss is better');
  assert.deepEqual(shown.entries[1]?.line?.xs, [1, 2]);
  assert.deepEqual(shown.entries[1]?.line?.ys, [0.5, 0.7]);
  assert.equal(shown.entries[0]?.line, null);
});

test('trainings that somebody chose stand by their names, the best first, beside what sets them apart', () => {
  const jobs = [
    jobOf(1, null),
    jobOf(0.1, { name: 'loss', value: 0.5 }),
    jobOf(0.01, { name: 'loss', value: 0.3 }),
  ];
  const shown = compare(['a', 'b', 'c'], jobs, []);
  assert.deepEqual(shown.columns, ['lr']);
  assert.deepEqual(
    shown.entries.map(({ id, title, cells }) => [id, title, ...cells]),
    [
      ['c', 'train lr=0.01', '0.01'],
      ['b', 'train lr=0.1', '0.1'],
      ['a', 'train lr=1', '1'],
    ],
  );
  const colors = new Map(shown.entries.map(({ id, color }) => [id, color]));
  assert.deepEqual(
    [colors.get('a'), colors.get('c')],
    ['--curve-1', '--curve-3'],
    'a rank changes no colour',
  );
});

test('before anything is known of the jobs nothing is compared', () => {
  const shown = compare(['a', 'b'], [undefined, undefined], []);
  assert.equal(shown.best, null);
  assert.deepEqual(
    shown.entries.map((entry) => entry.title),
    ['Job', 'Job'],
  );
});
