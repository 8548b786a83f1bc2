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

    const victims: [string, (farm: Farm) => Part][] = [
      ['load balancer', (f) => f.balancer],
      ['client backend', (f) => f.backend],
      ['worker', (f) => f.workers[0] as Part],
    ];
    for (const [name, victimOf] of victims) {
      test(`kill -9 of the ${name} in the middle of a job`, async () => {
        const victim = victimOf(farm);
        const id = await steadyJob(farm);
        for (const share of [0.2, 0.5]) {
          await framesDone(farm, id, share);
          const before = await finished(farm, id);
          await victim.end('SIGKILL');
          await victim.start();
          await sameAsBefore(farm, id, before);
        }
        await completesWithEveryFrameOnce(farm, id);
      });
    }

    test('kill -9 of the client backend while it stitches', async () => {
      const { reaches } = api(farm.url);
      const id = await steadyJob(farm);
      await until(
        async () => (await stateOf(farm, id)) === 'assembling',
        'the job never came to assembling',
        120_000,
      );
      await farm.backend.end('SIGKILL');
      await farm.backend.start();
      await reaches(id, 'completed');
      await completesWithEveryFrameOnce(farm, id);
    });

    test('both servers killed at once', async () => {
      const id = await steadyJob(farm);
      await framesDone(farm, id, 0.3);
      await Promise.all([farm.balancer.end('SIGKILL'), farm.backend.end('SIGKILL')]);
      await Promise.all([farm.balancer.start(), farm.backend.start()]);
      await completesWithEveryFrameOnce(farm, id);
    });

    if (column === 'MariaDB') {
      test('the database goes down for a while and comes back', async () => {
        assert.ok(mariadb);
        const id = await steadyJob(farm);
        await framesDone(farm, id, 0.2);
        mariadb.kill();
        const answer = await until(async () => {
          const response = await fetch(`${farm.url}/api/v1/jobs/${id}`);
          return response.status === 503 ? response : null;
        }, 'the backend never said that its database is away');
        assert.match(Problem.parse(await answer.json()).detail, /database/i);
        await mariadb.restart();
        await completesWithEveryFrameOnce(farm, id);
      });
    }
  });
}

const steadyJob = (farm: Farm): Promise<JobId> =>
  api(farm.url).submit(blends.path('steady'), { settings: { frames: '1-16' } });

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

async function framesDone(farm: Farm, id: JobId, share: number): Promise<void> {
  await until(
    async () => (await finished(farm, id)).size >= share * 16,
    `the job never had ${share * 16} frames done`,
    120_000,
  );
}

async function sameAsBefore(farm: Farm, id: JobId, before: Map<string, string | null>): Promise<void> {
  const now = await finished(farm, id);
  for (const [chunk, lease] of before)
    assert.equal(now.get(chunk), lease, `${chunk} was done and is not any more`);
}

async function completesWithEveryFrameOnce(farm: Farm, id: JobId): Promise<void> {
  const job = await api(farm.url).reaches(id, 'completed');
  assert.equal(job.counts.done, 16);
  const done = await farm.db
    .selectFrom('leases')
    .innerJoin('chunks', 'chunks.id', 'leases.chunk_id')
    .select('leases.chunk_id')
    .where('leases.job_id', '=', id)
    .where('leases.outcome', '=', 'done')
    .where('chunks.stage_id', '=', job.stageId)
    .execute();
  assert.equal(done.length, 16, 'a finished frame was rendered again');
  assert.equal(new Set(done.map((lease) => lease.chunk_id)).size, 16);
}
