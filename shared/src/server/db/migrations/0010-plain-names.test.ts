import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Kysely, sql } from 'kysely';
import { connectDatabase } from '../connect.ts';
import * as first from './0001-first.ts';
import * as errands from './0004-errands.ts';
import * as plainNames from './0010-plain-names.ts';
import { PLACES } from './places.fixture.ts';

for (const [name, place] of Object.entries(PLACES)) {
  test(`on ${name} jobs, tasks and rounds under way get the new names, twice over with the same end`, async (t) => {
    const { url, remove } = await place();
    const db = connectDatabase(url) as unknown as Kysely<unknown>;
    t.after(async () => {
      await db.destroy();
      await remove();
    });
    await first.up(db);
    await errands.up(db);
    await addJob(db, 'job_a', { kind: 'blender', state: 'probing' });
    await addJob(db, 'job_b', { kind: 'blender', state: 'stitching' });
    await addJob(db, 'job_c', { kind: 'training', state: 'paused', from: 'probing' });
    await addJob(db, 'job_d', { kind: 'training', state: 'running' });
    await addJob(db, 'job_e', { kind: 'blender', state: 'canceled' });
    await sql`insert into errands (job_id, process, started_at, deaths) values ('job_b', 'host:1:2', 3, 1)`.execute(
      db,
    );
    const context = { params: { stale: 7 } };
    const state = { best: null, stale: 2, lossy: 1, lost: { shards: [], why: null } };
    // More than one page of them.
    for (let ordinal = 2; ordinal < 252; ordinal += 1)
      await addStage(db, 'job_d', ordinal, { name: 'train', spec: { context, state } });
    await addStage(db, 'job_d', 252, { name: 'merge', spec: { context, state: { stale: 0 } } });
    await addStage(db, 'job_d', 253, { name: 'evaluate', spec: { context } });
    await addStage(db, 'job_a', 0, { name: 'probe', spec: { state } });

    for (const time of ['once', 'again']) {
      await plainNames.up(db);
      const jobs = await sql<{ state: string; state_from: string | null }>`
        select state, state_from from jobs order by id`.execute(db);
      assert.deepEqual(
        jobs.rows.map((row) => [row.state, row.state_from]),
        [
          ['preparing', null],
          ['assembling', null],
          ['paused', 'preparing'],
          ['running', null],
          ['canceled', null],
        ],
        time,
      );
      const tasks = await sql<{ job_id: string; deaths: number }>`
        select job_id, deaths from background_tasks`.execute(db);
      assert.deepEqual(
        tasks.rows.map((row) => [row.job_id, Number(row.deaths)]),
        [['job_b', 1]],
      );
      const counts = {
        best: null,
        roundsWithoutImprovement: 2,
        incompleteRounds: 1,
        missingShards: { shards: [], why: null },
      };
      const specs = await specsOf(db, 'job_d');
      for (const spec of specs.slice(0, 250)) assert.deepEqual(spec, { context, state: counts });
      assert.deepEqual(specs.slice(250), [{ context, state: { roundsWithoutImprovement: 0 } }, { context }]);
      assert.deepEqual(await specsOf(db, 'job_a'), [{ state }], 'of another kind');
    }
  });
}

type Job = { kind: string; state: string; from?: string };

const addJob = (db: Kysely<unknown>, id: string, { kind, state, from = null as never }: Job) =>
  sql`insert into jobs (id, owner_id, kind, name, state, state_from, spec_json, created_at, updated_at)
    values (${id}, 'own_1', ${kind}, ${id}, ${state}, ${from}, '{}', 1, 1)`.execute(db);

const addStage = (
  db: Kysely<unknown>,
  job: string,
  ordinal: number,
  { name, spec }: { name: string; spec: unknown },
) =>
  sql`insert into stages (id, job_id, ordinal, name, state, spec_json, inputs_json, requirements_json, affinity,
      chunk_count, planned_at)
    values (${`stg_${job}_${ordinal}`}, ${job}, ${ordinal}, ${name}, 'closed', ${JSON.stringify(spec)}, '[]', '[]', '',
      1, 1)`.execute(db);

async function specsOf(db: Kysely<unknown>, job: string): Promise<unknown[]> {
  const { rows } = await sql<{ spec_json: string }>`
    select spec_json from stages where job_id = ${job} order by ordinal`.execute(db);
  return rows.map((row) => JSON.parse(row.spec_json));
}
