import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sql } from 'kysely';
import { startMariaDb } from '../../../../../tests/support/mariadb.ts';
import { connectDatabase, type Db } from '../connect.ts';
import { migratorOf } from '../migrate.ts';
import { ensureFirstPerson, teamsOf } from '../people.ts';

const at = 'created_at, updated_at';

for (const place of ['SQLite', 'MariaDB']) {
  test(`on ${place} the owner of a farm becomes its first person, with all jobs and workers, also after a step was cut`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'pilot-people-'));
    const server = place === 'MariaDB' ? await startMariaDb() : null;
    const db = connectDatabase(server?.url ?? `sqlite:${join(folder, 'farm.sqlite')}`);
    t.after(async () => {
      await db.destroy();
      await server?.stop();
      await rm(folder, { recursive: true, force: true });
    });
    const migrator = migratorOf(db);
    assert.equal((await migrator.migrateTo('0012-stage-memory')).error, undefined);
    await sql`insert into owners (id, name, created_at) values ('own_local00000000000000', 'Owner', 5)`.execute(
      db,
    );
    await sql`insert into jobs (id, owner_id, kind, name, state, priority, spec_json, ${sql.raw(at)})
      values ('job_00000001', 'own_local00000000000000', 'blender', 'A', 'completed', 0, '{}', 1, 1)`.execute(
      db,
    );
    await sql`insert into job_blobs (job_id, hash) values ('job_00000001', ${'a'.repeat(64)})`.execute(db);
    await sql`insert into workers (id, identity_hash, owner_id, name, status, slots, capabilities_json, machine_json, first_seen_at, last_seen_at)
      values ('wrk_00000001', 'x', 'own_local00000000000000', 'w', 'offline', 1, '{}', '{}', 1, 1)`.execute(
      db,
    );
    if (place === 'MariaDB') await cutInTheMiddle(db);
    const { error } = await migrator.migrateToLatest();
    assert.equal(error, undefined, String(error));

    const first = await ensureFirstPerson(db, 99);
    assert.deepEqual(first, { person: 'per_local00000000000000', team: 'tea_local00000000000000' });
    assert.deepEqual(await teamsOf(db, first.person), [
      { id: first.team, name: 'Owner', role: 'owner', personal: true },
    ]);
    for (const table of ['jobs', 'workers'] as const)
      assert.deepEqual(
        { ...(await db.selectFrom(table).select(['team_id', 'person_id']).executeTakeFirst()) },
        { team_id: first.team, person_id: first.person },
      );
    const worker = await db.selectFrom('workers').select('works_for').executeTakeFirst();
    assert.equal(worker?.works_for, 'everyone');
    const handedIn = await db.selectFrom('team_blobs').select(['team_id', 'hash']).execute();
    assert.deepEqual(
      handedIn.map((row) => ({ ...row })),
      [{ team_id: first.team, hash: 'a'.repeat(64) }],
    );
  });
}

/** What a process that was killed leaves where schema changes are not undone. */
async function cutInTheMiddle(db: Db): Promise<void> {
  await sql`create table people (id varchar(64) character set ascii collate ascii_bin primary key,
    subject varchar(64) character set ascii collate ascii_bin not null unique, name varchar(512) not null,
    email varchar(512), role varchar(64) not null, banned_at bigint, limits_json longtext, created_at bigint not null)`.execute(
    db,
  );
  await sql`insert into people (id, subject, name, role, created_at)
    values ('per_local00000000000000', 'local', 'Owner', 'admin', 5)`.execute(db);
  await sql`alter table jobs add column team_id varchar(64) character set ascii collate ascii_bin`.execute(
    db,
  );
}
