import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobDetail } from '@parallel-pilot/shared/api/jobs.ts';
import { WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import { createPrintFollower } from './prints.ts';

const worker = WorkerId.parse('wrk_00000000000000000001');
const underWay = (shard: number, log?: string): JobDetail['progress'][number] => ({
  worker,
  workerName: 'studio',
  ordinal: shard,
  label: `Round 1, shard ${shard + 1}`,
  fraction: 0,
  detail: '',
  ...(log === undefined ? {} : { log }),
});

test('each line is told once: while its shard runs, and what came last when it is over', () => {
  const follower = createPrintFollower();
  const lines = (printed: { lines: string[] }[]) => printed.map((one) => one.lines);
  assert.deepEqual(follower.underWay([underWay(0, 'a\nb\n'), underWay(1)]), [
    { label: 'Round 1, shard 1', worker: 'studio', lines: ['a', 'b'] },
  ]);
  assert.deepEqual(lines(follower.underWay([underWay(0, 'a\nb\n'), underWay(1, 'x\n')])), [['x']]);
  assert.deepEqual(lines(follower.underWay([underWay(0, 'b\nc\n'), underWay(1, 'x\n')])), [['c']]);
  const over = { label: 'Round 1, shard 1', worker: 'studio', endedAt: 1, log: 'a\nb\nc\nd' };
  assert.deepEqual(lines(follower.over([over])), [['d']]);
  assert.deepEqual(lines(follower.underWay([underWay(1, 'x\n')])), []);
  assert.deepEqual(lines(follower.over([{ ...over, log: 'A\r\n' }])), [['A']]);
});
