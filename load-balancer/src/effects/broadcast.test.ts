import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobId, StageId } from '@parallel-pilot/shared/model/ids.ts';
import type { StagePatch } from '@parallel-pilot/shared/protocol/control.ts';
import type { Farm } from '../farm/farm.ts';
import { createBroadcast } from './broadcast.ts';

test('the change that settles a stage is told at once, others are gathered', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const told: StagePatch[] = [];
  const farm = { stages: new Map(), leases: new Map(), workers: new Map() } as unknown as Farm;
  const listener = { stage: (patch: StagePatch) => void told.push(patch), workers() {} };
  const broadcast = createBroadcast(
    () => farm,
    () => [listener],
  );
  const done = (ordinal: number, settled: boolean) =>
    broadcast.chunkChanged({
      type: 'chunk-changed',
      job: 'job_1' as JobId,
      stage: 'stg_1' as StageId,
      ordinal,
      status: 'done',
      worker: null,
      settled,
    });
  const seen = () => told.map(({ changes, settled }) => [changes.map(({ ordinal }) => ordinal), settled]);
  done(0, false);
  t.mock.timers.tick(1);
  done(1, false);
  t.mock.timers.tick(1);
  assert.deepEqual(seen(), [[[0], false]]);
  done(2, true);
  t.mock.timers.tick(1);
  assert.deepEqual(seen(), [
    [[0], false],
    [[1, 2], true],
  ]);
  t.mock.timers.tick(1_000);
  assert.equal(told.length, 2);
  broadcast.close();
});
