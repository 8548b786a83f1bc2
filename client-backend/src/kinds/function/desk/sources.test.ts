import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { FunctionSpec } from '@parallel-pilot/shared/kinds/function/spec.ts';
import type { BlobHash, FunctionId, JobId, PersonId, TeamId } from '@parallel-pilot/shared/model/ids.ts';
import { connectDatabase, type Db } from '@parallel-pilot/shared/server/db/connect.ts';
import { keepImage, lockFunction } from '@parallel-pilot/shared/server/db/function-images.ts';
import {
  addVersion,
  deleteFunction,
  insertFunction,
  setJobOfVersion,
} from '@parallel-pilot/shared/server/db/functions.ts';
import { inTransaction } from '@parallel-pilot/shared/server/db/in-transaction.ts';
import { migrate } from '@parallel-pilot/shared/server/db/migrate.ts';
import { sql } from 'kysely';
import { type MariaDb, startMariaDb } from '../../../../../tests/support/mariadb.ts';
import { until } from '../../../../../tests/support/until.ts';
import { releaseAllSources, releaseSources } from './sources.ts';

const ID = 'fun_00000000' as FunctionId;
const TEAM = 'tea_00000000' as TeamId;
const PERSON = 'per_00000000' as PersonId;
const JOB = 'job_00000000' as JobId;
const hashOf = (letter: string) => letter.repeat(64) as BlobHash;
const [LAYER, FILE] = [hashOf('e'), hashOf('f')];
const IMAGE = JSON.stringify({
  ...{ id: hashOf('1'), platform: 'linux/amd64', entrypoint: [] },
  ...{ config: { hash: LAYER, size: 1 }, layers: [] },
});

for (const kind of ['SQLite', 'MariaDB'] as const) {
  describe(`what images of functions are made of, on ${kind}`, () => {
    let [folder, db] = ['', undefined as unknown as Db];
    let server: MariaDb | null = null;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'pilot-sources-'));
      if (kind === 'MariaDB') server = await startMariaDb();
      db = connectDatabase(server?.url ?? `sqlite:${join(folder, 'farm.sqlite')}`);
      await migrate(db);
    });
    after(async () => {
      await db?.destroy();
      await server?.stop();
      await rm(folder, { recursive: true, force: true });
    });
    beforeEach(async () => {
      await inTransaction(db, (db) => deleteFunction(db, ID));
      await db.deleteFrom('jobs').execute();
      const row = { id: ID, team_id: TEAM, person_id: PERSON, name: 'f', public_token_hash: null };
      await insertFunction(db, { ...row, active_version: 0, created_at: 1, updated_at: 1 });
    });

    /** The next version, in the image of an archive. */
    const deploy = (db: Db, archive: BlobHash, serving: number | null = null): Promise<number> =>
      addVersion(
        db,
        { function: ID, team: TEAM, now: 1, serving },
        (version) => ({
          ...{ person_id: PERSON, job_id: null, image_json: null, holds_source: 1 },
          spec_json: JSON.stringify(specOf(version, archive)),
        }),
        [archive, FILE],
      );
    const specOf = (version: number, blob: BlobHash) =>
      FunctionSpec.parse({
        ...{ function: ID, name: 'f', version, handler: 'a.py', settings: {} },
        files: [{ path: 'a.py', blob: FILE, size: 1 }],
        image: { from: 'archive', blob, name: 'image.tar', size: 1 },
      });
    const held = async (): Promise<string> => {
      const rows = await db.selectFrom('held_blobs').select('hash').where('holder', '=', ID).execute();
      return rows
        .map(({ hash }) => hash[0])
        .sort()
        .join('');
    };
    /** The job that was to bring the image of a version. */
    const withJob = async (version: number, state: string, state_code: string | null = null) => {
      await setJobOfVersion(db, { function_id: ID, version, job_id: null }, { job: JOB, tries: 1 });
      await db
        .insertInto('jobs')
        .values({
          ...{ id: JOB, team_id: TEAM, person_id: PERSON, kind: 'function', name: 'f 1', state, priority: 0 },
          ...{ state_code, spec_json: '{}', created_at: 1, updated_at: 1 },
        } as never)
        .execute();
    };
    const keep = (db: Db, version: number) =>
      keepImage(db, { function: ID, version, team: TEAM }, { json: IMAGE, blobs: [LAYER] }, 1);

    test('the archive of a version that has failed for good goes, and that of one that may come stays', async () => {
      await deploy(db, hashOf('a'));
      await releaseAllSources(db);
      assert.equal(await held(), 'af');
      await withJob(1, 'failed', 'function/no-image');
      await releaseAllSources(db);
      assert.equal(await held(), 'af', 'it is tried again');
      await db.updateTable('jobs').set({ state_code: 'function/bad-image' }).execute();
      await releaseAllSources(db);
      assert.equal(await held(), 'f');
    });

    test('the archive of a version that another has replaced goes once no job is at it, unless that is made of it too', async () => {
      await deploy(db, hashOf('a'));
      await withJob(1, 'running');
      await deploy(db, hashOf('b'));
      await deploy(db, hashOf('b'));
      await releaseAllSources(db);
      assert.equal(await held(), 'abf', 'its job is at it');
      await db.updateTable('jobs').set({ state: 'canceled' }).execute();
      await releaseAllSources(db);
      assert.equal(await held(), 'bf');
    });

    test('an image that is there needs its archive no more', async () => {
      await deploy(db, hashOf('a'));
      await inTransaction(db, async (db) => {
        await lockFunction(db, ID);
        await keep(db, 1);
        await releaseSources(db, ID);
      });
      assert.equal(await held(), 'ef');
    });

    test('an archive that a deployment is about to hold is not let go of beside it', async () => {
      await deploy(db, hashOf('a'));
      const [locked, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const deployed = inTransaction(db, async (db) => {
        await lockFunction(db, ID);
        locked.resolve();
        await go.promise;
        await deploy(db, hashOf('a'));
      });
      await locked.promise;
      let isOver = false;
      const kept = inTransaction(db, async (db) => {
        await lockFunction(db, ID);
        await keep(db, 1);
        await releaseSources(db, ID);
      }).then(() => {
        isOver = true;
      });
      // SQLite has one who writes at a time: nothing of this one has begun there.
      if (kind === 'MariaDB')
        await until(async () => isOver || (await lockWaits(db)) > 0, 'it neither waits nor ends');
      assert.equal(isOver, false, 'it was let go of while a deployment was under way');
      go.resolve();
      await Promise.all([deployed, kept]);
      assert.equal(await held(), 'aef');
    });
  });
}

/** The table of transactions is not read anew for whoever looks at it often; this number is. */
async function lockWaits(db: Db): Promise<number> {
  const { rows } = await sql<{
    Value: string;
  }>`show global status like 'Innodb_row_lock_current_waits'`.execute(db);
  return Number(rows[0]?.Value ?? 0);
}
