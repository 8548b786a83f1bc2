import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FunctionSettings } from '@parallel-pilot/shared/kinds/function/settings.ts';
import { FunctionSpec } from '@parallel-pilot/shared/kinds/function/spec.ts';
import type { CallId, LeaseId, WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import { Pool, type PoolParts } from './pool.ts';

const SPEC = FunctionSpec.parse({
  function: 'fun_00000000',
  version: 1,
  name: 'hello',
  handler: 'hello.py',
  files: [{ path: 'hello.py', blob: '0'.repeat(64), size: 1 }],
  settings: FunctionSettings.parse({ min: 1 }),
});

test('instances that cannot begin are tried after longer and longer rests, and at once after one that could', async () => {
  let now = 0;
  const link = { call: () => Promise.reject(new Error('nobody is called')), retire() {} };
  const pool = new Pool(SPEC, null, { link, files: {}, now: () => now } as unknown as PoolParts);
  const restOf = (): number => {
    pool.fail('handler-broken', 'It has a syntax error.');
    const from = now;
    while (pool.rests) now += 1_000;
    return now - from;
  };
  assert.deepEqual([restOf(), restOf(), restOf()], [5_000, 10_000, 20_000]);
  for (let time = 0; time < 20; time += 1) restOf();
  assert.equal(restOf(), 300_000);

  pool.fail('handler-broken', 'It has a syntax error.');
  const work = { call: 'cal_00000000' as CallId, event: '1', attempt: 1, key: null };
  const refused = await pool.run(work, 1_000);
  assert.ok(!refused.ok && refused.code === 'handler-broken');
  pool.know([{ lease: 'lse_00000000' as LeaseId, worker: 'wrk_00000000' as WorkerId, room: 0 }]);
  assert.equal(pool.rests, false);
  assert.equal(restOf(), 5_000);
});
