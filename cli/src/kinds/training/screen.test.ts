import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Standing, sampleTraining } from '../../fixtures/training-farm.ts';
import { applyJob, progressOf } from '../../follow/view.ts';
import type { RunEvent } from '../../report/events.ts';
import type { Presenter } from '../../report/presenter.ts';
import { screenLines } from '../../report/screen-lines.ts';
import { afterEvent, openingScreen } from '../../report/screen-model.ts';
import { widthOf } from '../../text/columns.ts';
import { trainPresenter } from './presenter.ts';
import { rounds } from './rounds.ts';
import { sweepPresenter } from './sweep-presenter.ts';

const progress = (standing: Standing, fields: Record<string, unknown> = {}): RunEvent =>
  progressOf(rounds, applyJob(null, sampleTraining(standing, fields), rounds.opening).view);

const screen = (presenter: Presenter, events: RunEvent[], width = 79, rows = 16) => {
  const model = events.reduce((before, event) => afterEvent(before, event, 20_000), openingScreen(0));
  return screenLines(model, presenter, 32_000, { width, rows, colour: false });
};

const WORKING: Standing = { round: 3, losses: [0.5, 0.6], working: [0.031, 0.04] };

describe('the screen of a training', () => {
  test('shows the rounds, a line for each shard with what it measured, and the merged model', () => {
    assert.deepEqual(screen(trainPresenter, [progress(WORKING, { etaSeconds: 51 })]), [
      'Training   ━━━━━━━━━━━━━─────────────  50 %  round 3/4 · 0:32 · 0:39 left',
      '  studio-1  ━━━━━━━━━━━━╸────────────  Shard 1 · loss 0.031 · Epoch 1 of 2',
      '  studio-2  ━━━━━━━━━━━━╸────────────  Shard 2 · loss 0.04 · Epoch 1 of 2',
      '  Model  loss 0.6 · best loss 0.5 in round 1',
    ]);
    const wide = screen(trainPresenter, [progress(WORKING)], 120)[1];
    assert.match(wide ?? '', / Round 3, shard 1 · loss 0\.031 · Epoch 1 of 2$/);
  });

  test('shows how far the splitting is, and says what comes next', () => {
    const first = (standing: Standing) => screen(trainPresenter, [progress(standing)])[0] ?? '';
    assert.match(
      first({ state: 'queued', stage: 'split', backgroundFraction: 0.4 }),
      /^Splitting .* 40 % {2}0:32$/,
    );
    assert.match(first({ state: 'queued', stage: 'split' }), /Splitting the data … 0:32$/);
    assert.match(first({ state: 'queued', stage: 'initialize' }), /Waiting for a worker to make the first/);
    assert.match(first({ stage: 'initialize', working: [1] }), / Making the first weights …/);
    assert.match(first({ stage: 'evaluate', round: 4, losses: [1] }), /Measuring the model/);
    assert.match(first({ state: 'paused' }), /^Paused /);
    assert.match(
      first({ state: 'assembling', stage: 'evaluate', backgroundFraction: 0.3 }),
      /^Putting together .* 30 %/,
    );
  });
});

const created = (index: number): RunEvent => ({
  event: 'job.created',
  job: `job_${String(index).repeat(20)}`,
  name: `digits lr=${index}`,
  resumed: false,
  variant: `lr=${index},width=32`,
});
const sweep = (...standings: Standing[]): RunEvent[] => [
  ...standings.map((_, index) => created(index)),
  ...standings.map((standing, index) => progress(standing, { id: `job_${String(index).repeat(20)}` })),
];

describe('the screen of a sweep', () => {
  const events = sweep(
    { state: 'completed', stage: 'evaluate', round: 4, losses: [0.4, 0.3, 0.2, 0.1] },
    WORKING,
    { state: 'queued', stage: 'split' },
  );

  test('shows the trainings side by side', () => {
    assert.deepEqual(screen(sweepPresenter, events), [
      'Training   ━━━━━━━━━━━━━─────────────  50 %  1/3 done · 0:32',
      '  lr=0,width=32  ━━━━━━━━━━━━━  round 4/4 · loss 0.1',
      '  lr=1,width=32  ━━━━━━╸──────  round 3/4 · loss 0.6',
      '  lr=2,width=32  ─────────────  splitting',
    ]);
  });

  test('shows those under way where there is not room for all', () => {
    assert.deepEqual(
      screen(sweepPresenter, events, 79, 2).map((line) => line.trim().split(' ')[0]),
      ['Training', 'lr=1,width=32', 'lr=2,width=32', 'and'],
    );
  });

  test('is saving only when none is under way any more', () => {
    const saving: RunEvent = { event: 'save.progress', saved: 1, total: 6 };
    assert.match(screen(sweepPresenter, [...events, saving])[0] ?? '', /^Training/);
    const done = sweep({ state: 'completed', losses: [1] }, { state: 'failed' });
    assert.match(screen(sweepPresenter, [...done, saving])[0] ?? '', /^Saving .* 1\/6 files$/);
  });
});

test('both fit any width', () => {
  for (const width of [24, 30, 45, 60, 79, 120, 240]) {
    const lines = [
      ...screen(trainPresenter, [progress(WORKING)], width),
      ...screen(sweepPresenter, sweep(WORKING, {}, { stage: 'split' }), width),
    ];
    for (const line of lines) assert.ok(widthOf(line) <= width, `${widthOf(line)} > ${width}: ${line}`);
  }
});
