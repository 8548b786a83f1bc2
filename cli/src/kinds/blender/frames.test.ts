import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import { JobPatch } from '@parallel-pilot/shared/protocol/live.ts';
import type { Api } from '../../api/client.ts';
import { sampleJob, sampleStates } from '../../fixtures/small-farm.ts';
import { applyPatch as apply, applyJob, type JobView } from '../../follow/view.ts';
import { type Frames, frames } from './frames.ts';

const worker = WorkerId.parse('wrk_abcdefghij0123456789');

const opened = (letters = 'qqq') =>
  frames.take(applyJob(null, sampleJob({}, letters), frames.opening).view, fetched(letters), false).view;
const fetched = (letters: string) => ({ states: sampleStates(letters), makers: new Map() });
const applyPatch = (view: JobView<Frames>, one: JobPatch) => apply(frames, view, one);

const patch = (fields: Partial<JobPatch>): JobPatch => {
  const { id, stageId } = sampleJob();
  const still = {
    job: id,
    changed: false,
    stage: stageId,
    chunks: [],
    progress: [],
    backgroundFraction: null,
  };
  return JobPatch.parse({ ...still, ...fields });
};

describe('a followed job', () => {
  test('tells each frame once, with the worker that made it', () => {
    const doing = { worker, workerName: 'studio-1', ordinal: 1, label: 'Frame 11', fraction: 0, detail: '' };
    const working = applyPatch(opened(), patch({ progress: [doing] })).view;
    const first = applyPatch(working, patch({ chunks: [{ ordinal: 1, status: 'done', worker }] }));
    assert.deepEqual(first.events, [
      { event: 'frame.done', frame: 11, worker: 'studio-1', done: 1, total: 3 },
    ]);
    const again = applyPatch(first.view, patch({ chunks: [{ ordinal: 1, status: 'done', worker }] }));
    assert.deepEqual(again.events, []);
    const older = frames.take(again.view, fetched('qrq'), false);
    assert.deepEqual(older.events, []);
    const newer = frames.take(older.view, fetched('ddf'), false);
    assert.deepEqual(newer.events, [
      { event: 'frame.done', frame: 10, worker: null, done: 2, total: 3 },
      { event: 'frame.failed', frame: 12 },
    ]);
    assert.deepEqual(frames.progress(newer.view), { done: 2, failed: 1, total: 3 });
  });

  test('what was said to be over while the states were fetched stays over, and no count goes back', () => {
    const chunks = [0, 1].map((ordinal) => ({ ordinal, status: 'done' as const, worker }));
    const both = applyPatch(opened(), patch({ chunks, names: { [worker]: 'studio-1' } })).view;
    const slow = frames.take(both, fetched('dqq'), false);
    assert.deepEqual(frames.progress(slow.view), { done: 2, failed: 0, total: 3 });
    // The next answer is from after that: what it says counts.
    assert.deepEqual(frames.progress(frames.take(slow.view, fetched('dqq'), false).view), {
      done: 1,
      failed: 0,
      total: 3,
    });
  });

  test('a frame is told with its worker, be it so short that nothing was heard before its end, or be its patch lost', async () => {
    const chunks = [{ ordinal: 1, status: 'done' as const, worker }];
    const [short] = applyPatch(opened(), patch({ chunks, names: { [worker]: 'studio-1' } })).events;
    assert.ok(short?.event === 'frame.done' && short.worker === 'studio-1', JSON.stringify(short));

    const asked: unknown[] = [];
    const api = {
      states: async () => sampleStates('qdq'),
      chunks: async (_id: unknown, page: unknown) => {
        asked.push(page);
        return { chunks: [{ ordinal: 1, worker: { id: worker, name: 'studio-2' } }], total: 3 };
      },
    } as unknown as Api;
    const view = { ...opened(), job: sampleJob({}, 'qdq') };
    const found = await frames.fetch(api, view);
    assert.ok(found !== null);
    const [lost] = frames.take(view, found, false).events;
    assert.ok(lost?.event === 'frame.done' && lost.worker === 'studio-2', JSON.stringify(lost));
    assert.deepEqual(asked, [{ offset: 1, limit: 1_000 }]);
  });

  test('knows of each worker what it said last, until its frame is over', () => {
    const at = (ordinal: number, fraction: number) => ({
      worker,
      workerName: 'studio-1',
      ordinal,
      label: `Frame ${ordinal + 10}`,
      fraction,
      detail: '',
    });
    const both = applyPatch(opened(), patch({ progress: [at(0, 0.1), at(1, 0.2)] })).view;
    const one = applyPatch(both, patch({ progress: [at(1, 0.5)] })).view;
    assert.deepEqual(one.job.progress, [at(0, 0.1), at(1, 0.5)]);
    const done = applyPatch(one, patch({ chunks: [{ ordinal: 0, status: 'done', worker }] })).view;
    assert.deepEqual(done.job.progress, [at(1, 0.5)]);
  });

  test('tells each note and each state once', () => {
    const note = { at: 1, level: 'warning', code: 'file-missing', message: 'No sky.png.' };
    const first = applyJob(null, sampleJob({ notes: [note] }), null);
    assert.deepEqual(
      first.events.map((event) => event.event),
      ['job.note', 'job.state'],
    );
    assert.deepEqual(applyJob(first.view, sampleJob({ notes: [note] }), null).events, []);
  });

  test('asks to be fetched again when a patch is of a stage that it does not know', () => {
    const other = patch({ stage: 'stg_zzzzzzzzzz0123456789' as never, chunks: [] });
    assert.equal(applyPatch(opened(), other).stale, true);
    assert.equal(applyPatch(opened(), patch({})).stale, false);
    assert.equal(applyPatch(opened(), patch({ changed: true })).stale, true);
  });
});
