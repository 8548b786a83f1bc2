import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChunkId, LeaseId, PersonId, TeamId, WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import { until } from '../../../tests/support/until.ts';
import { startEngine } from '../../tests/support/engine-under-test.ts';
import type { EndWrite, Write } from '../farm/effects.ts';
import { inSteps } from './write-steps.ts';

const leaseOf = (n: number) => `lse_${n}` as LeaseId;
const start = (n: number): Write => ({
  type: 'start',
  chunk: `stg_1.${n}` as ChunkId,
  lease: leaseOf(n),
  at: 7,
});
const end = (n: number, startedAt: number | null = null): EndWrite => ({
  type: 'end',
  chunk: `stg_1.${n}` as ChunkId,
  lease: leaseOf(n),
  worker: 'wrk_1' as WorkerId,
  work: null,
  outcome: 'done',
  at: 9,
  startedAt,
  team: 'tea_1' as TeamId,
  person: 'per_1' as PersonId,
  spentMs: 1,
  failure: null,
  said: { busyMs: 2, peakMemoryBytes: 0, log: '' },
  result: { json: '{}', files: [] },
});

test('what begins and ends in one round is one statement, with the time at which it began', () => {
  const both = Array.from({ length: 64 }, (_, n) => [start(n), end(n)]).flat();
  const [only, ...others] = inSteps(both);
  assert.ok(only?.type === 'ends' && others.length === 0, 'all of them share one statement');
  assert.deepEqual([...new Set(only.ends.map(({ startedAt }) => startedAt))], [7]);
  // Those of which it is written already are left as they are.
  const steps = inSteps([start(0), end(0), end(1), end(2, 8), start(3)]);
  assert.deepEqual(
    steps.map((step) => (step.type === 'ends' ? step.ends.map((it) => it.startedAt) : step.type)),
    ['starts', [7, 8], [null]],
  );
});

test('a chunk that is done before its worker says that it began has begun as long before as it took', async () => {
  const { engine, parts, assigns, answers, join, stop } = await startEngine();
  try {
    await join(1);
    await until(() => assigns.length > 0, 'nothing was assigned');
    const [{ lease = leaseOf(0), chunk = '' as ChunkId } = {}] = assigns;
    const granted = engine.farm.leases.get(lease)?.grantedAt ?? 0;
    await until(() => Date.now() > granted + 50, 'no time passes');
    const done = { lease, result: { ok: 1 }, files: [], busyMs: 20, log: '' };
    engine.push({ type: 'done', session: 1, reply: 9, done });
    await until(
      () => answers.get(9) === 'ok',
      () => `it was answered ${answers.get(9)}`,
    );
    const { db } = parts;
    const row = await db.selectFrom('leases').selectAll().where('id', '=', lease).executeTakeFirstOrThrow();
    assert.equal(Number(row.started_at), Number(row.ended_at) - 20);
    const made = await db.selectFrom('chunks').selectAll().where('id', '=', chunk).executeTakeFirstOrThrow();
    assert.deepEqual([made.state, made.started_at], ['done', row.started_at]);
  } finally {
    await stop();
  }
});
