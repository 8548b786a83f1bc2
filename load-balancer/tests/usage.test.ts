import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { changeFarmSettings } from '@parallel-pilot/shared/server/db/farm-settings.ts';
import { ensureFirstPerson } from '@parallel-pilot/shared/server/db/people.ts';
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

test('how many chunks a team may have at once is read from the database, and changes while the farm runs', async () => {
  const { engine, assigns, answers, parts, join, stop } = await startEngine();
  const setLimit = (limits_json: string) =>
    parts.db.updateTable('teams').set({ limits_json }).where('id', '=', parts.lender.team).execute();
  const limitInMind = () => engine.farm.chunkLimits.set.get(parts.lender.team);
  try {
    await ensureFirstPerson(parts.db, 1);
    await setLimit('{"chunksAtOnce":1}');
    await until(() => limitInMind() === 1, 'the limit was not read');
    await join(1);
    await until(() => assigns.length > 0, 'nothing was granted');
    await join(2);
    assert.equal(assigns.length, 1);
    await setLimit('{"chunksAtOnce":"none"}');
    await until(() => limitInMind() === null, 'the limit was not read again');
    await until(() => assigns.length === 2, 'the other chunk was not granted');
    assert.ok(answers.has(-2));
  } finally {
    await stop();
  }
});

test('at which slack deadlines go before others is read from the database, and changes while the farm runs', async () => {
  const { engine, parts, stop } = await startEngine();
  const set = (first: number | null, preempt: number | null) =>
    changeFarmSettings(parts.db, (row) => ({ ...row, deadline_first: first, deadline_preempt: preempt }));
  const holds = (first: number, preempt: number) =>
    until(
      () => isDeepStrictEqual(engine.farm.escalation, { first, preempt }),
      () => `it goes by ${JSON.stringify(engine.farm.escalation)}`,
    );
  try {
    await holds(0.2, 0.05);
    await set(0.5, 0.1);
    await holds(0.5, 0.1);
    await set(null, 0);
    await holds(0.2, 0);
  } finally {
    await stop();
  }
});
