import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FunctionSpec } from '@parallel-pilot/shared/kinds/function/spec.ts';
import type { FunctionId, JobId, PersonId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { connectDatabase, type Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { findFunction, versionsOf } from '@parallel-pilot/shared/server/db/functions.ts';
import { migrate } from '@parallel-pilot/shared/server/db/migrate.ts';
import { waitsOf } from '../routes/views.ts';
import type { Pool } from './pool.ts';
import { servingBeside, turnToReady, waitedFor } from './readiness.ts';

const ID = 'fun_00000000' as FunctionId;
const TEAM = 'tea_00000000' as TeamId;
const PERSON = 'per_00000000' as PersonId;
const FAILED_AT = 1_000_000;

const specOf = (version: number) =>
  JSON.stringify(
    FunctionSpec.parse({
      ...{ function: ID, name: 'f', version, handler: 'a.py', files: [], settings: {}, image: 'alpine' },
    }),
  );

/** Version 1 takes the calls of version 2, whose image did not come. */
async function withVersions(t: TestContext): Promise<Db> {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-readiness-'));
  const db = connectDatabase(`sqlite:${join(folder, 'farm.sqlite')}`);
  t.after(async () => {
    await db.destroy();
    await rm(folder, { recursive: true });
  });
  await migrate(db);
  const at = { created_at: 1, updated_at: 1 };
  await db
    .insertInto('functions')
    .values({
      id: ID,
      team_id: TEAM,
      person_id: PERSON,
      name: 'f',
      active_version: 2,
      serving_version: 1,
      ...at,
    })
    .execute();
  for (const version of [1, 2])
    await db
      .insertInto('function_versions')
      .values({
        ...{ function_id: ID, version, person_id: PERSON, spec_json: specOf(version), created_at: 1 },
        ...{ image_json: version === 1 ? '{}' : null, job_id: jobOf(version), tries: 1 },
      })
      .execute();
  return db;
}

const jobOf = (version: number) => `job_0000000${version}` as JobId;

const endJob = async (db: Db, state: 'failed' | 'canceled' | 'running', code: string | null) => {
  await db.deleteFrom('jobs').execute();
  await db
    .insertInto('jobs')
    .values({
      ...{
        id: jobOf(2),
        team_id: TEAM,
        person_id: PERSON,
        kind: 'function',
        name: 'f 2',
        state,
        priority: 0,
      },
      ...{ state_code: code, spec_json: specOf(2), created_at: 1, updated_at: FAILED_AT },
      ...{ finished_at: state === 'running' ? null : FAILED_AT },
    } as never)
    .execute();
};

test('a version that could not be had in passing is begun again after its rest, and one that never can is not', async (t) => {
  const db = await withVersions(t);
  const pool = (): Pool => ({ outgoing: false, incoming: false }) as Pool;
  const pools = new Map([
    [1, pool()],
    [2, pool()],
  ]);
  const all = { all: [...pools.values()], find: ({ version }: { version: number }) => pools.get(version) };
  const begunAt = async (now: number): Promise<number[]> => {
    const begun: number[] = [];
    await turnToReady({ db, clock: () => now }, all, ({ version }) => begun.push(version));
    return begun;
  };
  for (const [state, code] of [
    ['failed', 'function/no-image'],
    ['failed', 'other-processor'],
    ['canceled', null],
  ] as const) {
    await endJob(db, state, code);
    assert.deepEqual(await begunAt(FAILED_AT + 9_000), [], `${code} too early`);
    // Meanwhile it keeps the least that it is to have.
    assert.deepEqual([pools.get(1)?.outgoing, pools.get(2)?.incoming], [false, true]);
    assert.deepEqual(await begunAt(FAILED_AT + 11_000), [2], `${code} never`);
    assert.equal(pools.get(1)?.outgoing, true);
  }
  await db.updateTable('function_versions').set({ tries: 3 }).execute();
  assert.deepEqual(await begunAt(FAILED_AT + 11_000), [], 'the third in a row rests longer');
  await endJob(db, 'failed', 'function/bad-image');
  assert.deepEqual(await begunAt(FAILED_AT + 3_600_000), [], 'a bad image is tried again');
  await endJob(db, 'running', null);
  assert.deepEqual(await begunAt(FAILED_AT + 3_600_000), []);
  await db.deleteFrom('jobs').execute();
  assert.deepEqual(await begunAt(FAILED_AT), [2], 'nobody is at it');
});

test('whoever looks at the versions is told why one waits, and when it is tried again', async (t) => {
  const db = await withVersions(t);
  const told = async () => {
    const row = await findFunction(db, TEAM, 'f');
    assert.ok(row !== undefined);
    return waitsOf({ db }, row, await versionsOf(db, ID));
  };
  await endJob(db, 'failed', 'function/no-image');
  const away = await told();
  assert.match(away?.note ?? '', /^The image of version 2 could not be had .*so version 1 takes the calls/);
  assert.equal(away?.triedAgainAt, FAILED_AT + 10_000);
  await endJob(db, 'canceled', null);
  const canceled = await told();
  assert.match(canceled?.note ?? '', /as pilot job job_00000002 was canceled, so version 1 takes/);
  assert.equal(canceled?.triedAgainAt, FAILED_AT + 10_000);
  await endJob(db, 'failed', 'function/bad-image');
  const bad = await told();
  assert.match(bad?.note ?? '', /It is not tried again: deploy it anew/);
  assert.equal(bad?.triedAgainAt, null);
  await endJob(db, 'running', null);
  assert.match((await told())?.note ?? '', /is on its way/);
});

test('a version of before images were written down goes on with the calls while it has instances', async (t) => {
  const db = await withVersions(t);
  const parts = { db, clock: () => 1 };
  await db.updateTable('functions').set({ active_version: 2, serving_version: null }).execute();
  const of = await findFunction(db, TEAM, 'f');
  const [row] = await versionsOf(db, ID);
  assert.ok(of !== undefined && row?.image_json === null);
  const serving = () => servingBeside(parts, of, { ...waitedFor(row), version: null });
  await endJob(db, 'running', null);
  assert.equal(await serving(), null, 'its image is fetched still');
  const stage = {
    job_id: jobOf(2),
    ordinal: 1,
    planned_at: 1,
    inputs_json: '[]',
    spec_json: '{}',
    state: 'open',
    chunk_count: 1,
    affinity: 'a',
  };
  await db
    .insertInto('stages')
    .values({
      ...stage,
      id: 'stg_00000000',
      iteration: 0,
      name: 'instances',
      requirements_json: '[]',
    } as never)
    .execute();
  assert.equal(await serving(), 2);
});
