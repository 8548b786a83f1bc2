import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { CallId, FunctionId, PersonId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { findCall } from '@parallel-pilot/shared/server/db/call-records.ts';
import {
  abandonedCalls,
  claimCall,
  insertKeyedCall,
  type NewCall,
} from '@parallel-pilot/shared/server/db/calls.ts';
import { callsOnDay, dayOf } from '@parallel-pilot/shared/server/db/calls-by-day.ts';
import { connectDatabase, type Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { migrate } from '@parallel-pilot/shared/server/db/migrate.ts';
import { pino } from 'pino';
import { CallQuota } from './call-quota.ts';
import { endedCall, openCall } from './call-rows.ts';
import { GroupCommit } from './group-commit.ts';
import { Recorder } from './recorder.ts';
import { Unwritten } from './unwritten.ts';

const NOW = 1_000_000;
const OWNER = { team: 'tea_00000000' as TeamId, person: 'per_00000000' as PersonId };
const ABOUT = {
  function_id: 'fun_00000000' as FunctionId,
  version: 1,
  person_id: OWNER.person,
  created_at: NOW,
};
const idOf = (number: number) => `cal_0000000${number}` as CallId;
const DONE = { ok: true, answer: '1', log: '', ms: 1, worker: null } as const;

const running = (number: number): NewCall =>
  openCall(
    { ...ABOUT, id: idOf(number), how: 'async' },
    {
      state: 'running',
      idempotency_key: null,
      event_json: '1',
      attempts: 1,
      process: 'mine',
      expires_at: NOW + 30_000,
    },
  );
const ended = (number: number): NewCall => endedCall({ ...ABOUT, id: idOf(number), how: 'sync' }, DONE, NOW);

async function openFresh(t: TestContext): Promise<Db> {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-calls-'));
  const db = connectDatabase(`sqlite:${join(folder, 'farm.sqlite')}`);
  t.after(async () => {
    await db.destroy();
    await rm(folder, { recursive: true });
  });
  await migrate(db);
  return db;
}

test('an end that could not be written is written later, and a call that nobody is at is taken up', async (t) => {
  const db = await openFresh(t);
  const unwritten = new Unwritten(db, new GroupCommit(db), 'mine');
  for (const number of [1, 2]) await insertKeyedCall(db, running(number));
  let away = true;
  const end = async (db: Db) => {
    if (away) throw new Error('the database is away');
    await db.updateTable('calls').set({ state: 'done' }).where('id', '=', idOf(1)).execute();
  };
  await assert.rejects(unwritten.write(idOf(1), end), /is away/);
  await assert.rejects(unwritten.writeAgain(), /is away/);
  away = false;
  await unwritten.writeAgain();
  assert.equal((await findCall(db, ABOUT.function_id, idOf(1)))?.state, 'done');

  assert.deepEqual(await abandonedCalls(db, NOW, 10), []);
  unwritten.abandon(idOf(2));
  await unwritten.writeAgain();
  assert.deepEqual(
    (await abandonedCalls(db, NOW, 10)).map(({ id }) => id),
    [idOf(2)],
  );
  const claim = { process: 'another', now: NOW, until: NOW + 30_000, again: false };
  assert.equal(await claimCall(db, idOf(2), claim), true);
  await unwritten.writeAgain();
  assert.equal(
    await claimCall(db, idOf(2), claim),
    false,
    'once it is given up, what becomes of it is not for this process',
  );
});

test('an end that can never be written keeps no other back', async (t) => {
  const db = await openFresh(t);
  const unwritten = new Unwritten(db, new GroupCommit(db), 'mine');
  const never = async () => {
    throw new Error('no such column');
  };
  await assert.rejects(unwritten.write(idOf(1), never), /no such column/);
  await insertKeyedCall(db, running(2));
  unwritten.abandon(idOf(2));
  await assert.rejects(unwritten.writeAgain(), /no such column/);
  await unwritten.writeAgain().catch(() => {});
  assert.deepEqual(
    (await abandonedCalls(db, NOW, 10)).map(({ id }) => id),
    [idOf(2)],
  );
});

test('a commit that failed and came about all the same keeps no record back, and is counted once', async (t) => {
  const db = await openFresh(t);
  // Its answer to the first commit never comes.
  let lost = false;
  const lossy: Db = Object.create(db, {
    transaction: {
      value: () => ({
        async execute<T>(work: (db: Db) => Promise<T>): Promise<T> {
          const result = await db.transaction().execute(work);
          if (lost) return result;
          lost = true;
          throw new Error('the connection was lost');
        },
      }),
    },
  });
  const clock = () => NOW;
  const quota = new CallQuota({ db, clock, config: { teamLimits: {} } } as never);
  const recorder = new Recorder({ db: lossy, log: pino({ level: 'silent' }) }, quota);
  await Promise.all([1, 2].map((number) => recorder.record(ended(number), OWNER)));
  await recorder.record(ended(3), OWNER);
  for (const number of [1, 2, 3])
    assert.equal((await findCall(db, ABOUT.function_id, idOf(number)))?.state, 'done', `call ${number}`);
  assert.equal((await callsOnDay(db, [OWNER.team], dayOf(NOW))).get(OWNER.team), 3);
});
