import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChunkStates, JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { JobPatch } from '@parallel-pilot/shared/protocol/live.ts';
import { applyToJob, applyToStates, countStates, mergePatches } from './job-patch.ts';

const stage = 'stg_0123456789';
const patch = (change: Record<string, unknown>): JobPatch =>
  JobPatch.parse({
    job: 'job_0123456789',
    changed: false,
    stage,
    chunks: [],
    progress: [],
    stitching: null,
    ...change,
  });
const at = (worker: number, ordinal: number, fraction: number) => ({
  worker: `wrk_0000000${worker}`,
  workerName: `w${worker}`,
  ordinal,
  label: `Frame ${ordinal + 1}`,
  fraction,
  detail: 'Sample 1/2',
});
const change = (ordinal: number, status: string) => ({ ordinal, status, worker: null });
const states = (letters: string) =>
  ({ stage, name: 'render', states: letters, frames: null }) as unknown as ChunkStates;
const job = (letters: string, progress: unknown[] = []) =>
  ({
    stageId: stage,
    stage: 'render',
    counts: countStates(letters),
    newest: null,
    stitching: null,
    progress,
  }) as unknown as JobDetail;

test('a patch moves states, counts and the newest frame', () => {
  const before = states('drqq');
  const change1 = patch({ chunks: [change(1, 'done'), change(2, 'running')] });
  assert.equal(applyToStates(before, change1).states, 'ddrq');
  const after = applyToJob(job('drqq'), change1, before);
  assert.deepEqual(after.counts, countStates('ddrq'));
  assert.equal(after.newest, 1);
});

test('a patch of another stage changes nothing, and neither does one that tells nothing new', () => {
  const before = states('dr');
  const other = patch({ stage: 'stg_9876543210', chunks: [change(1, 'done')] });
  assert.equal(applyToStates(before, other), before);
  const present = job('dr');
  assert.equal(applyToJob(present, other, before), present);
  assert.equal(applyToStates(before, patch({ chunks: [change(1, 'running'), change(9, 'done')] })), before);
});

test('counts are left alone where the states before are not known', () => {
  const present = job('dr');
  assert.deepEqual(
    applyToJob(present, patch({ chunks: [change(1, 'done')] }), undefined).counts,
    present.counts,
  );
});

test('a finished bar stays full until its worker starts the next frame', () => {
  const done = applyToJob(job('r', [at(1, 0, 0.5)]), patch({ chunks: [change(0, 'done')] }), states('rq'));
  assert.deepEqual(
    done.progress.map(({ ordinal, fraction }) => [ordinal, fraction]),
    [[0, 1]],
  );
  const next = applyToJob(done, patch({ progress: [at(1, 1, 0.1)] }), states('dq'));
  assert.deepEqual(
    next.progress.map(({ ordinal, fraction }) => [ordinal, fraction]),
    [[1, 0.1]],
  );
});

test('a frame that failed or was taken back leaves its bar', () => {
  const both = [at(1, 0, 0.5), at(2, 1, 0.5)];
  const after = applyToJob(
    job('rr', both),
    patch({ chunks: [change(0, 'failed'), change(1, 'queued')], progress: [at(2, 1, 0.6)] }),
    states('rr'),
  );
  assert.deepEqual(after.progress, []);
});

test('merged patches keep the last word on each chunk', () => {
  const merged = mergePatches(
    patch({ changed: true, chunks: [change(0, 'running'), change(1, 'running')], progress: [at(1, 0, 0.2)] }),
    patch({ chunks: [change(0, 'done')], progress: [at(1, 2, 0.1)], stitching: 0.5 }),
  );
  assert.equal(merged.changed, true);
  assert.equal(merged.stitching, 0.5);
  assert.deepEqual(
    merged.chunks.map(({ ordinal, status }) => [ordinal, status]),
    [
      [0, 'done'],
      [1, 'running'],
    ],
  );
  assert.equal(merged.progress.length, 2);
});

test('patches of two stages merge into a request to ask again', () => {
  const merged = mergePatches(
    patch({ chunks: [change(5, 'running')], progress: [at(1, 5, 0.2)] }),
    patch({ stage: 'stg_9876543210', chunks: [change(0, 'leased')] }),
  );
  assert.equal(merged.changed, true);
  assert.equal(merged.stage, 'stg_9876543210');
  assert.deepEqual(
    merged.chunks.map(({ ordinal }) => ordinal),
    [0],
  );
  assert.deepEqual(merged.progress, []);
});
