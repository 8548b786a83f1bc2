import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Problem } from '@parallel-pilot/shared/api/problem.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { api } from '../support/api.ts';
import { type Blends, makeBlends } from '../support/blends.ts';
import { type Farm, type Part, startFarm } from '../support/farm.ts';
import { type MariaDb, startMariaDb } from '../support/mariadb.ts';
import { until } from '../support/until.ts';

let blends: Blends;
before(async () => {
  blends = await makeBlends();
});
after(() => blends?.remove());

for (const [column, startDatabase] of [
  ['SQLite', async () => null],
  ['MariaDB', startMariaDb],
] as const) {
  describe(`on ${column}`, () => {
    let farm: Farm;
    let mariadb: MariaDb | null;
    before(async () => {
      mariadb = await startDatabase();
      farm = await startFarm({ workers: 2, ...(mariadb === null ? {} : { databaseUrl: mariadb.url }) });
    });
    after(async () => {
      await farm?.stop();
      await mariadb?.stop();
    });

    const deaths: [string, (farm: Farm) => Part[]][] = [
      ['load balancer', (f) => [f.balancer]],
      ['client backend', (f) => [f.backend]],
      ['worker', (f) => [f.workers[0] as Part]],
      ['load balancer, once more,', (f) => [f.balancer]],
      ['client backend, once more,', (f) => [f.backend]],
      ['worker, once more,', (f) => [f.workers[0] as Part]],
      ['both servers at once', (f) => [f.balancer, f.backend]],
    ];
    test('one job outlives every kill -9', async (t) => {
      const id = await steadyJob(farm);
      let seen = 0;
      for (const [name, victimsOf] of deaths) {
        await t.test(`of the ${name} in the middle of it`, async () => {
          // Between two deaths something is rendered.
          seen = await framesDone(farm, id, seen + 1);
          const before = await finished(farm, id);
          const victims = victimsOf(farm);
          await Promise.all(victims.map((victim) => victim.end('SIGKILL')));
          await Promise.all(victims.map((victim) => victim.start()));
          await sameAsBefore(farm, id, before);
        });
      }

      if (mariadb !== null)
        await t.test('and its database, which goes down for a while and comes back', async () => {
          assert.ok(mariadb);
          await framesDone(farm, id, seen + 1);
          mariadb.kill();
          const answer = await until(async () => {
            const response = await fetch(`${farm.url}/api/v1/jobs/${id}`);
            return response.status === 503 ? response : null;
          }, 'the backend never said that its database is away');
          assert.match(Problem.parse(await answer.json()).detail, /database/i);
          await mariadb.restart();
        });

      await t.test('of the client backend while it stitches', async () => {
        await until(
          async () => (await stateOf(farm, id)) === 'assembling',
          'the job never came to assembling',
          120_000,
        );
        await farm.backend.end('SIGKILL');
        await farm.backend.start();
      });

      await completesWithEveryFrameOnce(farm, id);
    });
  });
}

const FRAMES = 32;

const steadyJob = (farm: Farm): Promise<JobId> =>
  api(farm.url).submit(blends.path('steady'), { settings: { frames: `1-${FRAMES}` } });

const stateOf = async (farm: Farm, id: JobId) =>
  (await farm.db.selectFrom('jobs').select('state').where('id', '=', id).executeTakeFirst())?.state;

/** Done frames with the lease that made each. */
async function finished(farm: Farm, id: JobId): Promise<Map<string, string | null>> {
  const rows = await farm.db
    .selectFrom('chunks')
    .innerJoin('stages', 'stages.id', 'chunks.stage_id')
    .select(['chunks.id', 'chunks.accepted_lease_id'])
    .where('chunks.job_id', '=', id)
    .where('chunks.state', '=', 'done')
    .where('stages.name', '=', 'render')
    .execute();
  return new Map(rows.map((row) => [row.id, row.accepted_lease_id]));
}

/** How many are done, when it is at least so many; some are still to come. */
async function framesDone(farm: Farm, id: JobId, count: number): Promise<number> {
  const done = await until(
    async () => {
      const { size } = await finished(farm, id);
      return size >= count ? size : null;
    },
    `the job never had ${count} frames done`,
    120_000,
  );
  assert.ok(done < FRAMES, 'it is over before it was disturbed');
  return done;
}

async function sameAsBefore(farm: Farm, id: JobId, before: Map<string, string | null>): Promise<void> {
  const now = await finished(farm, id);
  for (const [chunk, lease] of before)
    assert.equal(now.get(chunk), lease, `${chunk} was done and is not any more`);
}

async function completesWithEveryFrameOnce(farm: Farm, id: JobId): Promise<void> {
  const job = await api(farm.url).reaches(id, 'completed');
  assert.equal(job.counts.done, FRAMES);
  const done = await farm.db
    .selectFrom('leases')
    .innerJoin('chunks', 'chunks.id', 'leases.chunk_id')
    .select('leases.chunk_id')
    .where('leases.job_id', '=', id)
    .where('leases.outcome', '=', 'done')
    .where('chunks.stage_id', '=', job.stageId)
    .execute();
  assert.equal(done.length, FRAMES, 'a finished frame was rendered again');
  assert.equal(new Set(done.map((lease) => lease.chunk_id)).size, FRAMES);
}
