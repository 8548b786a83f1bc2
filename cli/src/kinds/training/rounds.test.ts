import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { JobPatch } from '@parallel-pilot/shared/protocol/live.ts';
import { createApi } from '../../api/client.ts';
import { type Standing, sampleTraining, startTrainingFarm } from '../../fixtures/training-farm.ts';
import { followJob } from '../../follow/follow.ts';
import { applyJob, applyPatch } from '../../follow/view.ts';
import type { RunEvent } from '../../report/events.ts';
import { rounds } from './rounds.ts';

const WAY: Standing[] = [
  { state: 'queued', stage: 'split', backgroundFraction: 0.5 },
  { state: 'queued', stage: 'initialize' },
  { round: 1, working: [0.9, 0.8] },
  // Two rounds are over between two looks.
  { round: 3, losses: [0.5, 0.4], working: [0.3, 0.3] },
  { state: 'completed', stage: 'evaluate', round: 4, losses: [0.5, 0.4, 0.45, 0.3] },
];

/** Follows a training along `WAY`, a standing for each look, and returns what was told of its steps and rounds. */
async function follow(underWay: boolean, way = WAY) {
  const farm = await startTrainingFarm((_, asked) => way[Math.max(0, asked - 1)] ?? way.at(-1) ?? {});
  const api = createApi({ url: farm.url, key: null });
  const blob = '0'.repeat(64) as never;
  const id = await api.createJob({
    kind: 'training',
    script: { blob, fileName: 'digits.py' },
    data: { blob, fileName: 'digits.npz' },
    settings: { shards: 2, rounds: 4 },
    name: 'digits',
  });
  const events: RunEvent[] = [];
  const signal = new AbortController().signal;
  const job = await followJob(rounds, api, JobId.parse(id), {
    report: (event) => events.push(event),
    signal,
    underWay,
  });
  await farm.stop();
  return { job, events, asked: farm.asked.filter(({ path }) => path.includes('/rounds')) };
}

const short = (event: RunEvent): string[] =>
  event.event === 'round.done'
    ? [`${event.round}: ${event.metrics.loss}`]
    : event.event === 'train.step'
      ? [event.step]
      : [];

test('each step and each round is told once, also those that were over in between', async () => {
  const { job, events, asked } = await follow(false);
  assert.equal(job?.state, 'completed');
  const told = ['split', 'initialize', 'rounds', '1: 0.5', '2: 0.4', '3: 0.45', '4: 0.3'];
  assert.deepEqual(events.flatMap(short), told);
  const round = events.find((event) => event.event === 'round.done');
  assert.deepEqual(round, {
    event: 'round.done',
    job: job?.id,
    round: 1,
    rounds: 4,
    metrics: { loss: 0.5 },
    held_out: true,
    shards_done: 2,
    shards: 2,
    bytes_sent: null,
    bytes_received: null,
    bytes_early: null,
    seconds: 1.5,
  });
  // Not asked for again while nothing can have changed.
  assert.equal(asked.length, 3);
});

test('a job under way is told from where it stands', async () => {
  const { events } = await follow(true, WAY.slice(3));
  assert.deepEqual(events.flatMap(short), ['rounds', '3: 0.45', '4: 0.3']);
});

test('progress has what the workers measured and how good the newest model is', () => {
  const job = sampleTraining({ round: 3, losses: [0.5, 0.6], working: [0.4] });
  const view = applyJob(null, job, rounds.opening).view;
  const still = { job: job.id, changed: false, stage: job.stageId, chunks: [], backgroundFraction: null };
  const at = { ...job.progress[0], fraction: 0.7, values: { loss: 0.2 } };
  const live = applyPatch(rounds, view, JobPatch.parse({ ...still, progress: [at] }));
  assert.equal(live.stale, false);
  assert.deepEqual(live.view.job.progress, [at]);
  assert.deepEqual(rounds.progress(live.view).training, {
    round: 3,
    rounds: 4,
    shards: 2,
    metrics: { loss: 0.6 },
    best: { round: 1, name: 'loss', value: 0.5 },
  });
});

test('what workers did in a round before is not shown in the next', () => {
  const job = sampleTraining({ round: 1, working: [0.4, 0.3] });
  const view = applyJob(null, job, rounds.opening).view;
  const next = sampleTraining({ round: 2, working: [0.2] });
  const patch = JobPatch.parse({
    job: job.id,
    changed: true,
    stage: next.stageId,
    chunks: [],
    progress: next.progress,
    backgroundFraction: null,
  });
  const live = applyPatch(rounds, view, patch);
  assert.equal(live.stale, true);
  assert.deepEqual(live.view.job.progress, next.progress);
});
