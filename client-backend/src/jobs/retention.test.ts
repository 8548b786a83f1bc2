import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { listNotes } from '@parallel-pilot/shared/server/db/notes.ts';
import { startMariaDb } from '../../../tests/support/mariadb.ts';
import { endKeeping } from './retention.ts';
import { startTestFarm, type TestFarm } from './test-farm.fixture.ts';

const DAY = 24 * 60 * 60_000;

for (const place of ['SQLite', 'MariaDB']) {
  describe(`how long jobs are kept, on ${place}`, () => {
    const start = async (t: { after(end: () => Promise<void>): void }) => {
      const server = place === 'MariaDB' ? await startMariaDb() : null;
      const farm = await startTestFarm(server === null ? {} : { databaseUrl: server.url });
      t.after(async () => {
        await farm.stop();
        await server?.stop();
      });
      const mails: string[] = [];
      let now = Date.UTC(2026, 0, 1);
      farm.parts.clock = () => now;
      const day = async (many: number) => {
        now = Date.UTC(2026, 0, 1) + many * DAY;
        await endKeeping(farm.parts, {
          async send({ to, text }) {
            mails.push(`${to} ${text.split('\n').filter((line) => line === '- cubes').length}`);
          },
        });
      };
      const over = async (state: 'completed' | 'failed' | 'running', at = now) => {
        const job = await farm.addJob();
        await farm.parts.db
          .updateTable('jobs')
          .set({ state, finished_at: state === 'running' ? null : at })
          .where('id', '=', job)
          .execute();
        return job;
      };
      return { farm, day, over, mails };
    };
    const keep = ({ parts }: TestFarm, retentionDays: number | 'none' | null) =>
      parts.db
        .updateTable('teams')
        .set({ limits_json: retentionDays === null ? null : JSON.stringify({ retentionDays }) })
        .execute();
    const isThere = async ({ parts }: TestFarm, job: JobId) =>
      (await parts.db.selectFrom('jobs').select('id').where('id', '=', job).executeTakeFirst()) !== undefined;
    const told = async ({ parts }: TestFarm, job: JobId) =>
      (await listNotes(parts.db, job))
        .filter(({ code }) => code === 'kept-until')
        .map(({ message }) => message);

    test('a job is told some days before, and deleted then; one that is not over never is', async (t) => {
      const { farm, day, over, mails } = await start(t);
      await keep(farm, 30);
      const [done, failed, live] = [await over('completed'), await over('failed'), await over('running')];
      await farm.parts.db.updateTable('people').set({ email: 'owner@farm.example' }).execute();
      await day(22);
      assert.deepEqual(await told(farm, done), []);
      await day(23);
      const sentence =
        'This job and its results are deleted after 2026-01-31 (UTC): the team keeps them for 30 days. Download what is to stay.';
      assert.deepEqual([await told(farm, done), await told(farm, failed)], [[sentence], [sentence]]);
      assert.deepEqual(mails, ['owner@farm.example 2']);
      await day(29.9);
      assert.ok(await isThere(farm, done));
      await day(30);
      assert.deepEqual(
        [await isThere(farm, done), await isThere(farm, failed), await isThere(farm, live)],
        [false, false, true],
      );
      assert.deepEqual(await told(farm, live), []);
      const audit = await farm.parts.db
        .selectFrom('audit')
        .select(['action', 'target', 'team_id', 'detail_json'])
        .execute();
      assert.deepEqual(
        audit.map((row) => ({ ...row })),
        [done, failed].toSorted().map((target) => ({
          action: 'job.expire',
          target,
          team_id: farm.parts.first.team,
          detail_json: '{"days":30}',
        })),
      );
    });

    test('a limit that is set today deletes nothing that was not told for a week, and one taken back nothing at all', async (t) => {
      const { farm, day, over } = await start(t);
      const old = await over('completed');
      await day(100);
      await keep(farm, 30);
      await day(101);
      assert.equal((await told(farm, old)).length, 1);
      await day(107.9);
      assert.ok(await isThere(farm, old));
      await keep(farm, null);
      await day(108);
      assert.deepEqual(await told(farm, old), []);
      await keep(farm, 30);
      await day(109);
      await day(115.9);
      assert.ok(await isThere(farm, old));
      await day(116);
      assert.equal(await isThere(farm, old), false);
    });

    test('one that is tried again is kept, and a short time has a short warning', async (t) => {
      const { farm, day, over } = await start(t);
      farm.parts.config.teamLimits = { retentionDays: 2 };
      const [first, again] = [await over('failed'), await over('failed')];
      await day(1);
      assert.match((await told(farm, first))[0] ?? '', /for 2 days/);
      await farm.parts.db
        .updateTable('jobs')
        .set({ state: 'running', finished_at: null })
        .where('id', '=', again)
        .execute();
      await day(2);
      assert.deepEqual([await isThere(farm, first), await isThere(farm, again)], [false, true]);
      assert.deepEqual(await told(farm, again), []);
    });
  });
}
