import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CHUNK_STATUSES } from '../model/chunk.ts';
import { ChunkChange } from './chunk-change.ts';
import { addChange, addPatch, addProgress, addStagePatch, type ChunkNews, noNews } from './chunk-news.ts';
import { ChunkProgress } from './control.ts';

const workers = ['wrk_aaaaaaaaaa', 'wrk_bbbbbbbbbb'];
const change = fc
  .record({
    ordinal: fc.nat(4),
    status: fc.constantFrom(...CHUNK_STATUSES),
    worker: fc.constantFrom(...workers, null),
  })
  .map((one) => ({ change: ChunkChange.parse(one) }));
const progress = fc
  .record(
    {
      ordinal: fc.nat(4),
      worker: fc.constantFrom(...workers),
      fraction: fc.double({ min: 0, max: 1, noNaN: true }),
      detail: fc.constant(''),
      log: fc.constantFrom('one', 'two'),
    },
    { requiredKeys: ['ordinal', 'worker', 'fraction', 'detail'] },
  )
  .map((one) => ({ progress: ChunkProgress.parse(one) }));
type Event = { change: ChunkChange } | { progress: ChunkProgress };
const events: fc.Arbitrary<Event[]> = fc.array(fc.oneof(change, progress), { maxLength: 30 });

function heard(all: readonly Event[]): ChunkNews<ChunkProgress> {
  const news = noNews<ChunkProgress>();
  for (const event of all) {
    if ('change' in event) addChange(news, event.change);
    else addProgress(news, event.progress);
  }
  return news;
}
const patchOf = (news: ChunkNews<ChunkProgress>) => ({
  changes: [...news.changes.values()],
  progress: [...news.progress.values()],
});
const plain = ({ changes, progress: under }: ChunkNews<ChunkProgress>) => ({
  changes: [...changes.values()],
  progress: [...under.values()].sort((a, b) => a.ordinal - b.ordinal),
});

test('however events are cut into patches and patches are merged, the last word on each chunk is the same', () => {
  fc.assert(
    fc.property(events, events, events, (a, b, c) => {
      const [first, second, third] = [a, b, c].map((part) => patchOf(heard(part)));
      assert.ok(first && second && third);
      const merged = patchOf(addPatch(addPatch(noNews<ChunkProgress>(), first), second));
      const tail = patchOf(addPatch(addPatch(noNews<ChunkProgress>(), second), third));
      const all = plain(heard([...a, ...b, ...c]));
      assert.deepEqual(plain(addPatch(addPatch(noNews<ChunkProgress>(), merged), third)), all);
      assert.deepEqual(plain(addPatch(addPatch(noNews<ChunkProgress>(), first), tail)), all);
    }),
  );
});

test('no chunk that is over or waits has progress', () => {
  fc.assert(
    fc.property(events, (all) => {
      const { changes, progress: under } = heard(all);
      for (const ordinal of under.keys()) {
        const status = changes.get(ordinal)?.status;
        assert.ok(status === undefined || status === 'running' || status === 'leased', status);
      }
    }),
  );
});

test('a chunk that was started is at its beginning, until there is a word of its progress', () => {
  const news = noNews<ChunkProgress>();
  const worker = ChunkProgress.shape.worker.parse(workers[0]);
  const running = { ordinal: 2, status: 'running', worker } as const;
  addStagePatch(news, { changes: [running], progress: [] });
  assert.deepEqual(news.progress.get(2), { ordinal: 2, worker, fraction: 0, detail: '' });
  addStagePatch(news, { changes: [], progress: [{ ordinal: 2, worker, fraction: 0.5, detail: 'x' }] });
  assert.equal(news.progress.get(2)?.fraction, 0.5);
});

test('what was printed stands until something else is, or the chunk is begun anew', () => {
  const news = noNews<ChunkProgress>();
  const worker = ChunkProgress.shape.worker.parse(workers[0]);
  const at = (fraction: number) => ({ ordinal: 1, worker, fraction, detail: '' });
  const logAfter = (one: ChunkProgress) => {
    addProgress(news, one);
    return news.progress.get(1)?.log;
  };
  assert.equal(logAfter({ ...at(0.1), log: 'a' }), 'a');
  assert.equal(logAfter(at(0.2)), 'a');
  assert.equal(logAfter({ ...at(0.3), log: 'b' }), 'b');
  addChange(news, { ordinal: 1, status: 'running', worker });
  assert.equal(logAfter(at(0)), undefined);
});
