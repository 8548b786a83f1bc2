import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Kysely, sql } from 'kysely';
import { connectDatabase } from '../connect.ts';
import * as first from './0001-first.ts';
import * as resultsOfLeases from './0018-results-of-leases.ts';
import { PLACES } from './places.fixture.ts';

for (const [name, place] of Object.entries(PLACES)) {
  test(`on ${name} results move to the leases that made them, and no other lease gets one`, async (t) => {
    const { url, remove } = await place();
    const db = connectDatabase(url) as unknown as Kysely<unknown>;
    t.after(async () => {
      await db.destroy();
      await remove();
    });
    await first.up(db);
    await addChunk(db, 'stg_a.0', { state: 'done', lease: 'lse_b', result: '{"frame":1}' });
    await addLease(db, 'lse_a', 'stg_a.0', 'expired');
    await addLease(db, 'lse_b', 'stg_a.0', 'done');
    // Rejected once: its first result was thrown away, and it is made again.
    await addChunk(db, 'stg_a.1', { state: 'running', lease: 'lse_d', result: null });
    await addLease(db, 'lse_c', 'stg_a.1', 'done');
    await addLease(db, 'lse_d', 'stg_a.1', null);

    await resultsOfLeases.up(db);
    const chunks = await sql`select id, accepted_lease_id as accepted from chunks order by id`.execute(db);
    assert.deepEqual(
      chunks.rows.map((row) => ({ ...(row as object) })),
      [
        { id: 'stg_a.0', accepted: 'lse_b' },
        { id: 'stg_a.1', accepted: null },
      ],
    );
    const leases = await sql`select id, purpose, result_json as result, files_json as files
      from leases order by id`.execute(db);
    assert.deepEqual(
      leases.rows.map((row) => Object.values(row as object)),
      [
        ['lse_a', 'first', null, null],
        ['lse_b', 'first', '{"frame":1}', '[]'],
        ['lse_c', 'first', null, null],
        ['lse_d', 'first', null, null],
      ],
    );
  });
}

const addChunk = (
  db: Kysely<unknown>,
  id: string,
  { state, lease, result }: { state: string; lease: string; result: string | null },
) =>
  sql`insert into chunks (id, stage_id, job_id, ordinal, spec_json, state, attempts, lease_id, worker_id, result_json, files_json)
    values (${id}, 'stg_a', 'job_a', ${Number(id.slice(-1))}, '{}', ${state}, 1, ${lease}, 'wrk_a', ${result},
      ${result === null ? null : '[]'})`.execute(db);

const addLease = (db: Kysely<unknown>, id: string, chunk: string, outcome: string | null) =>
  sql`insert into leases (id, chunk_id, job_id, worker_id, granted_at, outcome)
    values (${id}, ${chunk}, 'job_a', 'wrk_a', 1, ${outcome})`.execute(db);
