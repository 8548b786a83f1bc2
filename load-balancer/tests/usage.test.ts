import assert from 'node:assert/strict';
import { test } from 'node:test';
import { busyInMonth, monthOf } from '@parallel-pilot/shared/server/db/usage.ts';
import { until } from '../../tests/support/until.ts';
import { startEngine } from './support/engine-under-test.ts';

test('what a lease cost is counted once, for team and person, whatever its worker says of itself', async () => {
  const { engine, answers, assigns, parts, join, stop } = await startEngine();
  try {
    await join(1);
    await until(() => assigns.length === 2, 'nothing was granted');
    const [first, second] = assigns;
    assert.ok(first && second);
    const began = Date.now();
    for (const { lease } of assigns) engine.push({ type: 'started', session: 1, lease });
    await until(
      () => [...engine.farm.leases.values()].every(({ startedAt }) => startedAt !== null),
      'not begun',
    );
    // A year of work within a moment.
    const failed = { code: 'hung', message: '', log: '', busyMs: 365 * 86_400_000 } as const;
    engine.push({ type: 'failed', session: 1, reply: 1, failed: { ...failed, lease: first.lease } });
    await until(() => answers.get(1) === 'ok', 'it was not taken');
    engine.push({ type: 'failed', session: 1, reply: 2, failed: { ...failed, lease: first.lease } });
    await until(() => answers.has(2), 'it was not answered');
    const most = Date.now() - began + 10_000;
    const month = monthOf(Date.now());
    const team = await busyInMonth(parts.db, { team: parts.lender.team }, month);
    const person = await busyInMonth(parts.db, { person: parts.lender.person }, month);
    assert.ok(team > 0 && team < most, `${team} of ${most}`);
    assert.equal(person, team);
    assert.equal(await busyInMonth(parts.db, { team: parts.lender.team }, '1999-01'), 0);
  } finally {
    await stop();
  }
});
