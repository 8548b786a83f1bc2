import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { RoundList } from '@parallel-pilot/shared/kinds/training/view.ts';
import type { ChunkId, JobId } from '@parallel-pilot/shared/model/ids.ts';
import { URGENT } from '@parallel-pilot/shared/model/priority.ts';
import { api } from '../support/api.ts';
import { type Blends, makeBlends } from '../support/blends.ts';
import { openBrowser } from '../support/browser.ts';
import { type Farm, startFarm } from '../support/farm.ts';
import { type MariaDb, startMariaDb } from '../support/mariadb.ts';
import { makeTrainings, scriptWith, type Trainings } from '../support/trainings.ts';
import { until } from '../support/until.ts';

const EPOCHS = 16;
/** It keeps what its epochs go on from. They last, so that it is not over before it is taken back; where it goes on, `again` of that. */
const SCRIPT = scriptWith({ before: 'begun = None' })
  .replace(
    'for epoch in pilot.epochs(5):',
    `for epoch in pilot.epochs(${EPOCHS}, keep=weights):\n    begun = epoch if begun is None else begun`,
  )
  .replace('time.sleep(', 'time.sleep((1 if begun == 0 else pilot.param("again", 0.0)) * ');

let trainings: Trainings;
let blends: Blends;
before(async () => {
  [trainings, blends] = await Promise.all([makeTrainings(), makeBlends()]);
});
after(() => Promise.all([trainings?.remove(), blends?.remove()]));

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

    const leasesOf = (job: JobId, stage: string) =>
      farm.db
        .selectFrom('leases')
        .innerJoin('chunks', 'chunks.id', 'leases.chunk_id')
        .innerJoin('stages', 'stages.id', 'chunks.stage_id')
        .select(['leases.id', 'leases.chunk_id', 'leases.worker_id', 'leases.outcome', 'leases.log'])
        .select(['leases.files_json', 'leases.started_at', 'chunks.attempts', 'stages.name'])
        .where('leases.job_id', '=', job)
        .where('stages.name', '=', stage)
        .orderBy('leases.granted_at')
        .execute();

    /** A training of one shard that has come to its third epoch. */
    async function underWay(params: { pause: number; again?: number } = { pause: 2 }) {
      const { job } = api(farm.url);
      const training = await trainings.submit(farm.url, SCRIPT, 'points.npz', {
        shards: 1,
        rounds: 1,
        params,
      });
      await until(
        async () => (await job(training)).progress.some(({ detail }) => detail.startsWith('Epoch 3')),
        'the shard never came to its third epoch',
        60_000,
      );
      const [shard] = await leasesOf(training, 'train');
      assert.ok(shard !== undefined);
      return { training, chunk: shard.chunk_id, from: shard.worker_id };
    }
    /** With an urgent render for the worker that it runs on. */
    async function preempted(params: { pause: number; again?: number }) {
      const shard = await underWay(params);
      const render = await api(farm.url).submit(blends.path('quick'), {
        settings: { frames: '1-2', video: 'none' },
        priority: URGENT,
        placement: { workers: [shard.from] },
      });
      return { ...shard, render };
    }
    const isTold = (chunk: ChunkId) =>
      until(
        async () => (await farm.balancer.log()).includes(`"event":"chunk.preempting","chunk":"${chunk}"`),
        'nothing was taken back',
        60_000,
      );
    async function allComplete([training, ...others]: [JobId, ...JobId[]]): Promise<void> {
      const { reaches, json } = api(farm.url);
      for (const job of [...others, training]) {
        await reaches(job, 'completed');
        const done = await farm.db
          .selectFrom('leases')
          .select('chunk_id')
          .where('job_id', '=', job)
          .where('outcome', '=', 'done')
          .execute();
        const { n } = await farm.db
          .selectFrom('chunks')
          .select((eb) => eb.fn.countAll<number>().as('n'))
          .where('job_id', '=', job)
          .executeTakeFirstOrThrow();
        assert.equal(done.length, Number(n), 'a chunk was finished twice, or never');
        assert.equal(new Set(done.map(({ chunk_id }) => chunk_id)).size, done.length);
      }
      const { rounds } = RoundList.parse(await json('GET', `/jobs/${training}/rounds`));
      assert.ok((rounds.at(-1)?.metrics?.accuracy ?? 0) > 0.8, 'the model learned nothing');
    }

    // That it goes on as it should stands in rows that the kill below makes on both: one database is enough.
    if (column === 'SQLite')
      test('a training gives way to an urgent render, and its shard goes on from its checkpoint on another worker', async () => {
        // Where it goes on it lasts, too: the site is to show it at work.
        const { training, render, from } = await preempted({ pause: 2, again: 0.5 });
        await seenOnTheSite(farm, training);
        await allComplete([training, render]);
        const [first, second, ...others] = await leasesOf(training, 'train');
        assert.deepEqual(
          [first?.outcome, second?.outcome, others, second?.attempts],
          ['preempted', 'done', [], 1],
        );
        assert.equal(first?.worker_id, from);
        assert.notEqual(second?.worker_id, from);
        assert.equal(first?.files_json, null, 'what was left is kept for nobody');
        const epoch = Number(/goes on after epoch (\d+) of 16/.exec(second?.log ?? '')?.[1]);
        assert.ok(epoch >= 3, `it went on after epoch ${epoch}: ${second?.log}`);
      });

    // What is written is what the one before has written, by another cause: one database is enough.
    if (column === 'SQLite')
      test('when its worker is told to leave, a shard goes on elsewhere from its checkpoint, and the worker need not wait for it', async () => {
        const { training, from } = await underWay();
        const { name } = await farm.db
          .selectFrom('workers')
          .select('name')
          .where('id', '=', from)
          .executeTakeFirstOrThrow();
        const leaving = farm.workers.find((worker) => worker.name === name);
        await leaving?.end('SIGTERM');
        const [first] = await leasesOf(training, 'train');
        assert.equal(first?.outcome, 'preempted');
        await leaving?.start();
        await allComplete([training]);
        const [, second] = await leasesOf(training, 'train');
        assert.notEqual(second?.worker_id, from);
        assert.match(second?.log ?? '', /goes on after epoch \d+ of 16/);
      });

    test('kill -9 of both servers and both workers in the middle of it loses and doubles nothing', async () => {
      // What was not kept yet begins anew.
      const jobs = await preempted({ pause: 1 });
      await isTold(jobs.chunk);
      const parts = [farm.balancer, farm.backend, ...farm.workers];
      await Promise.all(parts.map((part) => part.end('SIGKILL')));
      await Promise.all(parts.map((part) => part.start()));
      await allComplete([jobs.training, jobs.render]);
    });
  });
}

async function seenOnTheSite(farm: Farm, training: JobId): Promise<void> {
  const browser = await openBrowser();
  try {
    const page = await browser.newPage();
    await page.goto(`${farm.url}/jobs/${training}?task=1`);
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Taken back while it ran').waitFor();
    await dialog.getByText('At work').waitFor();
  } finally {
    await browser.close();
  }
}
