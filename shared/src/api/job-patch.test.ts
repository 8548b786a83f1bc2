import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CHUNK_STATUSES } from '../model/chunk.ts';
import { JobPatch } from '../protocol/live.ts';
import type { ChunkStates } from './chunks.ts';
import { applyToJob, applyToStates, countStates, mergePatches } from './job-patch.ts';
import type { JobDetail } from './jobs.ts';

const stage = 'stg_0123456789';
const patch = (change: Record<string, unknown>): JobPatch =>
  JobPatch.parse({
    job: 'job_0123456789',
    changed: false,
    stage,
    chunks: [],
    progress: [],
    backgroundFraction: null,
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
  ({
    stage,
    name: 'render',
    states: letters,
    numbers: [...letters].map((_, index) => index + 1),
  }) as unknown as ChunkStates;
const job = (letters: string, progress: unknown[] = []) =>
  ({
    stageId: stage,
    stage: 'render',
    counts: countStates(letters),
    newest: null,
    backgroundFraction: null,
    fraction: 0,
    span: { from: 0.2, to: 0.6 },
    progress,
  }) as unknown as JobDetail;

const after = (present: JobDetail, before: ChunkStates, one: JobPatch) => {
  const moved = applyToStates(before, one);
  return { job: applyToJob(present, one, moved), states: moved };
};

test('a patch moves states, counts and the newest frame', () => {
  const moved = after(
    job('drqq'),
    states('drqq'),
    patch({ chunks: [change(1, 'done'), change(2, 'running')] }),
  );
  assert.equal(moved.states.states, 'ddrq');
  assert.deepEqual(moved.job.counts, countStates('ddrq'));
  assert.equal(moved.job.newest, 1);
});

test('a job that was fetched after the change that a patch tells of does not count it twice', () => {
  const canceled = patch({ chunks: [change(1, 'canceled'), change(2, 'canceled'), change(3, 'canceled')] });
  assert.deepEqual(after(job('dccc'), states('drqq'), canceled).job.counts, countStates('dccc'));
});

test('a patch of another stage changes nothing, and neither does one that tells nothing new', () => {
  const before = states('dr');
  const other = patch({ stage: 'stg_9876543210', chunks: [change(1, 'done')] });
  assert.equal(applyToStates(before, other), before);
  const present = job('dr');
  assert.equal(applyToJob(present, other, before), present);
  assert.equal(applyToStates(before, patch({ chunks: [change(1, 'running'), change(9, 'done')] })), before);
});

test('counts are left alone where the states are not known', () => {
  const present = job('dr');
  assert.deepEqual(applyToJob(present, patch({ chunks: [change(1, 'done')] })).counts, present.counts);
});

const anyPatch = fc
  .record({
    chunks: fc.uniqueArray(fc.tuple(fc.nat(5), fc.constantFrom(...CHUNK_STATUSES)), {
      selector: ([ordinal]) => ordinal,
    }),
    progress: fc.uniqueArray(fc.tuple(fc.nat(2), fc.nat(5), fc.nat(10)), {
      selector: ([, ordinal]) => ordinal,
    }),
    backgroundFraction: fc.constantFrom(null, 0.25, 0.75),
  })
  .map(({ chunks, progress, backgroundFraction }) =>
    patch({
      chunks: chunks.map(([ordinal, status]) => change(ordinal, status)),
      progress: progress.map(([worker, ordinal, tenths]) => at(worker, ordinal, tenths / 10)),
      backgroundFraction,
    }),
  );

test('patches merged first and then applied give what they give one after the other', () => {
  const byOrdinal = (one: JobDetail) => ({
    ...one,
    // Of frames that were finished and then taken back, the picture of one may stay: it is only a preview.
    newest: null,
    progress: one.progress.toSorted((a, b) => a.ordinal - b.ordinal),
  });
  fc.assert(
    fc.property(fc.array(anyPatch, { minLength: 2, maxLength: 6 }), (patches) => {
      const start = { job: job('qqqqqq'), states: states('qqqqqq') };
      const oneByOne = patches.reduce((seen, one) => after(seen.job, seen.states, one), start);
      const merged = after(start.job, start.states, patches.reduce(mergePatches));
      assert.equal(merged.states.states, oneByOne.states.states);
      assert.deepEqual(byOrdinal(merged.job), byOrdinal(oneByOne.job));
      const { total, ...each } = merged.job.counts;
      assert.equal(
        Object.values(each).reduce((sum, count) => sum + count),
        total,
      );
    }),
  );
});

test('a frame that failed or was taken back leaves its bar', () => {
  const both = [at(1, 0, 0.5), at(2, 1, 0.5)];
  const moved = applyToJob(
    job('rr', both),
    patch({ chunks: [change(0, 'failed'), change(1, 'queued')], progress: [at(2, 1, 0.6)] }),
    states('rr'),
  );
  assert.deepEqual(moved.progress, []);
});

test('merged patches keep the last word on each chunk', () => {
  const merged = mergePatches(
    patch({ changed: true, chunks: [change(0, 'running'), change(1, 'running')], progress: [at(1, 0, 0.2)] }),
    patch({ chunks: [change(0, 'done')], progress: [at(1, 2, 0.1)], backgroundFraction: 0.5 }),
  );
  assert.equal(merged.changed, true);
  assert.equal(merged.backgroundFraction, 0.5);
  assert.deepEqual(
    merged.chunks.map(({ ordinal, status }) => [ordinal, status]),
    [
      [1, 'running'],
      [0, 'done'],
    ],
  );
  assert.deepEqual(
    merged.progress.map((one) => one.ordinal),
    [2],
  );
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

test('how much of the whole job is done goes on within a stage, as its chunks do', () => {
  const half = after(job('rq'), states('rq'), patch({ progress: [at(1, 0, 0.5)] }));
  assert.ok(Math.abs(half.job.fraction - 0.3) < 1e-9, `${half.job.fraction}`);
  const more = after(half.job, half.states, patch({ chunks: [change(0, 'done')] }));
  assert.ok(Math.abs(more.job.fraction - 0.4) < 1e-9, `${more.job.fraction}`);
  // Without states nothing is known of what is done.
  assert.equal(applyToJob(job('rq'), patch({ progress: [at(1, 0, 0.5)] })).fraction, 0);
});
