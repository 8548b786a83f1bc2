import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { sql } from 'kysely';
import { type MariaDb, startMariaDb } from '../../../../tests/support/mariadb.ts';
import type { ChunkId, JobId, LeaseId, WorkerId } from '../../model/ids.ts';
import { connectDatabase, type Db } from './connect.ts';
import { insertRows, updateRows } from './given-rows.ts';
import { migrate } from './migrate.ts';

const any = fc.string({ unit: 'binary', maxLength: 40 });
const leaseOf = (n: number) => `lse_${n}` as LeaseId;
const row = (n: number) => ({
  id: leaseOf(n),
  chunk_id: `stg_1.${n}` as ChunkId,
  job_id: 'job_1' as JobId,
  worker_id: 'wrk_1' as WorkerId,
  granted_at: 1_790_000_000_000 + n,
});

for (const kind of ['SQLite', 'MariaDB'] as const) {
  test(`whatever a worker has printed is stored as it was, of each row its own (${kind})`, async () => {
    await onDatabase(kind, async (db) => {
      await insertRows(
        db,
        'leases',
        Array.from({ length: 100 }, (_, n) => row(n)),
      );
      const said = fc.record({ log: any, busy_ms: fc.nat() });
      await fc.assert(
        fc.asyncProperty(fc.array(fc.option(said), { minLength: 1, maxLength: 100 }), async (all) => {
          const rows = all.map((it, n) => ({
            id: leaseOf(n),
            log: it?.log ?? null,
            busy_ms: it?.busy_ms ?? null,
          }));
          const found = await updateRows(db, 'leases', rows, {
            all: { ended_at: 7 },
            where: sql`outcome is null`,
          });
          assert.equal(found, rows.length);
          const stored = await db
            .selectFrom('leases')
            .select(['id', 'log', 'busy_ms'])
            .where(
              'id',
              'in',
              rows.map(({ id }) => id),
            )
            .execute();
          const byId = new Map(stored.map((it) => [it.id, it]));
          // Half a character is the replacement character, however it came in.
          const expected = rows.map((it) => ({ ...it, log: it.log?.toWellFormed() ?? null }));
          assert.deepEqual(
            rows.map(({ id }) => ({ ...byId.get(id) })),
            expected,
          );
        }),
        { numRuns: 60 },
      );
    });
  });

  test(`a row that is not there, or not as expected, is not counted and not changed (${kind})`, async () => {
    await onDatabase(kind, async (db) => {
      await insertRows(db, 'leases', [row(0), row(1), row(2)]);
      await db
        .updateTable('leases')
        .set({ outcome: 'expired', started_at: 5 })
        .where('id', '=', leaseOf(1))
        .execute();
      const rows = [0, 1, 9].map((n) => ({ id: leaseOf(n), started_at: 10 + n }));
      const change = { all: { outcome: 'done' as const }, unlessSet: ['started_at'] };
      assert.equal(await updateRows(db, 'leases', rows, { ...change, where: sql`outcome is null` }), 1);
      assert.equal(await updateRows(db, 'leases', rows, { ...change, where: sql`outcome is not null` }), 2);
      const stored = await db.selectFrom('leases').select(['outcome', 'started_at']).orderBy('id').execute();
      assert.deepEqual(
        stored.map(({ outcome, started_at }) => [outcome, started_at]),
        [
          ['done', 10],
          ['done', 5],
          [null, null],
        ],
      );
    });
  });
}

async function onDatabase(kind: 'SQLite' | 'MariaDB', use: (db: Db) => Promise<void>): Promise<void> {
  const mariadb: MariaDb | undefined = kind === 'MariaDB' ? await startMariaDb() : undefined;
  const folder = await mkdtemp(join(tmpdir(), 'pilot-given-rows-'));
  const db = connectDatabase(mariadb?.url ?? `sqlite:${join(folder, 'farm.sqlite')}`);
  try {
    await migrate(db);
    await use(db);
  } finally {
    await db.destroy();
    await rm(folder, { recursive: true, force: true });
    await mariadb?.stop();
  }
}
