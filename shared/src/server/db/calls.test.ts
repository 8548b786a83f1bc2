import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type MariaDb, startMariaDb } from '../../../../tests/support/mariadb.ts';
import type { BlobHash, CallId, FunctionId, JobId, LeaseId, PersonId, TeamId } from '../../model/ids.ts';
import {
  endCallWithFiles,
  holdEvent,
  isOpenedFor,
  keepEvent,
  openEvent,
  releaseExpired,
} from './call-files.ts';
import { callFigures, callsOf, forgetCalls } from './call-records.ts';
import { abandonCalls, abandonedCalls, claimCall, endCall, insertKeyedCall, type NewCall } from './calls.ts';
import { addCallsOnDay, callsOnDay, forgetCallsOfDays } from './calls-by-day.ts';
import { connectDatabase, type Db } from './connect.ts';
import {
  activate,
  activeVersions,
  addVersion,
  findFunction,
  functionsServedByAnother,
  insertFunction,
  serveActive,
  setJobOfVersion,
} from './functions.ts';
import { inTransaction } from './in-transaction.ts';
import { migrate } from './migrate.ts';

const FUNCTION = 'fun_00000000' as FunctionId;
const TEAM = 'tea_00000000' as TeamId;

const hashOf = (letter: string) => letter.repeat(64) as BlobHash;

const callOf = (number: number, key: string | null): NewCall => ({
  id: `cal_0000000${number}` as CallId,
  function_id: FUNCTION,
  version: 1,
  person_id: null,
  how: 'async',
  state: 'waiting',
  idempotency_key: key,
  event_json: '1',
  answer_json: null,
  code: null,
  message: null,
  log: null,
  worker_id: null,
  attempts: 1,
  ms: null,
  created_at: 1_000 + number,
  ended_at: null,
  process: 'a',
  expires_at: 5_000,
});

for (const kind of ['SQLite', 'MariaDB'] as const) {
  test(`of two processes one has a call, of equal keys one is stored, of two jobs one is a version's, and calls of a day add up (${kind})`, async () => {
    await onDatabase(kind, async (db) => {
      assert.equal(await insertKeyedCall(db, callOf(1, 'one')), true);
      assert.equal(await insertKeyedCall(db, callOf(2, 'one')), false);
      assert.equal(await insertKeyedCall(db, callOf(3, null)), true);
      assert.equal(await insertKeyedCall(db, callOf(4, null)), true, 'calls without a key are not one');

      assert.deepEqual(await abandonedCalls(db, 4_000, 10), []);
      await abandonCalls(db, 'a');
      const left = await abandonedCalls(db, 4_000, 10);
      assert.deepEqual(
        left.map(({ id }) => id),
        [1, 3, 4].map((number) => callOf(number, null).id),
      );
      const id = callOf(1, null).id;
      const claim = (process: string) =>
        claimCall(db, id, { process, now: 4_000, until: 9_000, again: false });
      assert.deepEqual(await Promise.all(['b', 'c'].map(claim)).then((all) => all.filter(Boolean).length), 1);
      const outcome = {
        answer_json: '2',
        answer_hash: null,
        answer_size: null,
        code: null,
        message: null,
        log: null,
        worker_id: null,
      } as const;
      const done = { ...outcome, state: 'done', attempts: 2, ms: 1.5, ended_at: 4_500 } as const;
      for (const process of ['a', 'b', 'c']) await endCall(db, id, process, done);
      const [newest, , oldest] = await callsOf(db, FUNCTION, { before: null, limit: 10, failed: false });
      assert.deepEqual([newest?.state, oldest?.state, oldest?.attempts], ['waiting', 'done', 2]);
      const figures = await callFigures(db, [FUNCTION], 0);
      assert.deepEqual(figures.find(({ state }) => state === 'done')?.calls, 1);
      // What is open is kept, however old.
      await forgetCalls(db, FUNCTION, { most: 1, before: 0 });
      assert.equal((await callsOf(db, FUNCTION, { before: null, limit: 10, failed: false })).length, 2);

      // A blob is held for the call that it is the event of, and then for the record of its answer.
      const [event, answer] = [hashOf('e'), hashOf('a')];
      const held = async () =>
        (await db.selectFrom('held_blobs').select('hash').execute()).map(({ hash }) => hash);
      const lease = 'lea_00000000' as LeaseId;
      const of = { call: callOf(5, null).id, team: TEAM, hash: event };
      await holdEvent(db, { ...of, until: 2_000 });
      await releaseExpired(db, 1_999);
      assert.equal(await isOpenedFor(db, lease, event), false);
      assert.equal(await openEvent(db, of.call, event, lease), true);
      assert.equal(await isOpenedFor(db, lease, event), true);
      await insertKeyedCall(db, { ...callOf(5, null), event_json: null, event_hash: event, event_size: 9 });
      await keepEvent(db, of.call);
      await releaseExpired(db, 3_000);
      assert.deepEqual(await held(), [event]);
      const large = { ...done, answer_json: null, answer_hash: answer, answer_size: 7 };
      for (const process of ['b', 'a'])
        await endCallWithFiles(db, { id: of.call, process, team: TEAM, event: true }, large, 4_500);
      assert.deepEqual([await held(), await isOpenedFor(db, lease, event)], [[answer], false]);
      await holdEvent(db, { ...of, call: callOf(6, null).id, until: 2_000 });
      await releaseExpired(db, 3_000);
      assert.deepEqual(await held(), [answer], 'what only a process that is gone waited with is let go of');
      await forgetCalls(db, FUNCTION, { most: 1, before: 9_000 });
      assert.deepEqual(await held(), [], 'it goes with its record');

      const row = { id: FUNCTION, team_id: TEAM, person_id: 'per_1' as PersonId, name: 'hello' };
      const times = { created_at: 1, updated_at: 1 };
      const more = { active_version: 0, public_token_hash: null };
      assert.equal(await insertFunction(db, { ...row, ...more, ...times }), true);
      const make = () => ({ person_id: row.person_id, spec_json: '{}', job_id: null });
      const add = (now: number) =>
        inTransaction(db, (db) =>
          addVersion(db, { function: FUNCTION, team: TEAM, now, serving: null }, make, [
            '0'.repeat(64) as never,
          ]),
        );
      assert.deepEqual([await add(2), await add(3)], [1, 2]);
      assert.equal((await findFunction(db, TEAM, 'hello'))?.active_version, 2);
      await activate(db, FUNCTION, { version: 2, serving: 1 }, 9);
      const versions = async () => (await activeVersions(db)).map(({ version }) => version).sort();
      assert.deepEqual(await versions(), [1, 2]);
      assert.deepEqual(
        (await functionsServedByAnother(db)).map(({ version, serving }) => [version, serving]),
        [[2, 1]],
      );
      // Another was deployed meanwhile.
      await serveActive(db, FUNCTION, { active: 3, serving: 1 });
      assert.deepEqual(await versions(), [1, 2]);
      await serveActive(db, FUNCTION, { active: 2, serving: 1 });
      assert.deepEqual([await versions(), await functionsServedByAnother(db)], [[2], []]);
      const version = { function_id: FUNCTION, version: 2, job_id: null };
      assert.equal(await setJobOfVersion(db, version, { job: 'job_1' as JobId, tries: 1 }), true);
      assert.equal(await setJobOfVersion(db, version, { job: 'job_2' as JobId, tries: 1 }), false);

      const person = 'per_00000000' as PersonId;
      const begun = (at: number) =>
        new Map<TeamId | PersonId, number>([
          [TEAM, at],
          [person, 1],
        ]);
      await Promise.all(
        Array.from({ length: 8 }, (_, at) =>
          inTransaction(db, (db) => addCallsOnDay(db, begun(at + 1), '2026-11-22')),
        ),
      );
      const counted = await callsOnDay(db, [TEAM, person], '2026-11-22');
      assert.deepEqual([counted.get(TEAM), counted.get(person)], [36, 8]);
      assert.equal((await callsOnDay(db, [TEAM], '2026-11-23')).get(TEAM), 0);
      await forgetCallsOfDays(db, '2026-11-23');
      assert.equal((await callsOnDay(db, [TEAM], '2026-11-22')).get(TEAM), 0);
    });
  });
}

async function onDatabase(kind: 'SQLite' | 'MariaDB', run: (db: Db) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-calls-'));
  const server: MariaDb | null = kind === 'MariaDB' ? await startMariaDb() : null;
  const db = connectDatabase(server?.url ?? `sqlite:${join(folder, 'farm.sqlite')}`);
  try {
    await migrate(db);
    await run(db);
  } finally {
    await db.destroy();
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
