import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { RoundList } from '@parallel-pilot/shared/kinds/training/view.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { api } from '../support/api.ts';
import { type Farm, type Part, startFarm } from '../support/farm.ts';
import { type MariaDb, startMariaDb } from '../support/mariadb.ts';
import { makeTrainings, scriptWith, type Trainings } from '../support/trainings.ts';
import { until } from '../support/until.ts';

const ROUNDS = 5;
const SHARDS = 3;

let trainings: Trainings;
before(async () => {
  trainings = await makeTrainings();
});
after(() => trainings?.remove());

for (const [column, startDatabase, mode] of [
  ['SQLite', async () => null, 'rounds'],
  ['MariaDB', startMariaDb, 'diloco'],
] as const) {
  const keepingTraining = (farm: Farm, pause: number) => KEEPING[mode](farm.url, pause);
  describe(`a training in mode ${mode} on ${column}`, () => {
    let farm: Farm;
    let mariadb: MariaDb | null;
    let undisturbed: string;
    before(async () => {
      mariadb = await startDatabase();
      farm = await startFarm({ workers: 2, ...(mariadb === null ? {} : { databaseUrl: mariadb.url }) });
      undisturbed = await modelOf(farm, await keepingTraining(farm, 0));
    });
    after(async () => {
      await farm?.stop();
      await mariadb?.stop();
    });

    const victims: [string, (farm: Farm) => Part[]][] = [
      ['load balancer', (f) => [f.balancer]],
      ['client backend', (f) => [f.backend]],
      ['worker', (f) => [f.workers[0] as Part]],
      ['both servers', (f) => [f.balancer, f.backend]],
    ];
    test('the model is the same, bit for bit, through kill -9 in the middle of each round', async (t) => {
      const id = await keepingTraining(farm, 0.15);
      for (const [index, [name, victimsOf]] of victims.entries())
        await t.test(`of the ${name}`, async () => {
          await shardUnderWay(farm, id, index + 1);
          const done = await finished(farm, id);
          const parts = victimsOf(farm);
          await Promise.all(parts.map((part) => part.end('SIGKILL')));
          await Promise.all(parts.map((part) => part.start()));
          const now = await finished(farm, id);
          for (const [chunk, lease] of done)
            assert.equal(now.get(chunk), lease, `${chunk} was done and is not any more`);
        });
      await completesWithEveryShardOnce(farm, id);
      assert.equal(await modelOf(farm, id), undisturbed, 'the model is another than without the deaths');
    });
  });
}

test('a shard that comes too late is left out of its round, and its worker is free for the next', async () => {
  const farm = await startFarm({ workers: 3 });
  try {
    const slow = scriptWith({
      before: 'if pilot.shard == 1 and pilot.round == 1 and not pilot.evaluating: time.sleep(600)',
    });
    const id = await trainings.submit(farm.url, slow, 'points.npz', {
      shards: SHARDS,
      rounds: 2,
      quorum: 0.6,
      deadlineSeconds: 4,
    });
    await api(farm.url).reaches(id, 'completed');
    const { rounds } = RoundList.parse(await api(farm.url).json('GET', `/jobs/${id}/rounds`));
    assert.deepEqual(
      rounds.map(({ shardsDone }) => shardsDone),
      [2, 3],
    );
    const open = await farm.db.selectFrom('leases').select('id').where('ended_at', 'is', null).execute();
    assert.deepEqual(open, [], 'the late shard keeps its lease');
  } finally {
    await farm.stop();
  }
});

/** With momentum, of each shard and of all, and a generator that go on from round to round; it fails where they did not. */
const IN_ROUNDS = scriptWith({
  before: `
inner = {"velocity": np.zeros(4), "epochs": 0}
chance = np.random.default_rng(pilot.shard)
pilot.keep(inner, chance)
common = {"velocity": np.zeros(4), "epochs": 0}
pilot.keep(common, merge="mean")
start = slope.copy()
if not pilot.evaluating:
    slope += 0.2 * inner["velocity"] + 0.1 * common["velocity"] + 0.01 * chance.normal(size=4)
`,
  after: `
inner["velocity"][:] = slope - start
common["velocity"][:] = slope - start
inner["epochs"] += 5
common["epochs"] += 5
assert pilot.evaluating or inner["epochs"] == common["epochs"] == pilot.epoch == 5 * pilot.round, (inner, pilot.epoch)
`,
});

/** The same by steps, of which each round's last are made while its update is on its way. */
const BY_STEPS = scriptWith({
  instead: `
import time

import numpy as np

import pilot

X, y = pilot.data()
weights = pilot.weights({"slope": np.zeros(4), "offset": np.zeros(1)})
slope, offset = weights["slope"], weights["offset"]
inner = {"velocity": np.zeros(4), "steps": 0}
chance = np.random.default_rng(pilot.shard)
pilot.keep(inner, chance)
common = {"velocity": np.zeros(4)}
pilot.keep(common, merge="mean")
for rows in pilot.steps(1, weights=lambda: {"slope": slope, "offset": offset}):
    wrong = 1 / (1 + np.exp(-(X[rows] @ slope + offset))) - y[rows]
    step = 0.5 * X[rows].T @ wrong / len(rows) + 0.01 * chance.normal(size=4)
    for velocity in (inner["velocity"], common["velocity"]):
        step = step + 0.1 * velocity
        velocity[:] = step
    slope -= step
    offset -= 0.5 * wrong.mean()
    inner["steps"] += 1
    pilot.report(loss=float(np.abs(wrong).mean()))
    time.sleep(pilot.param("pause", 0.0))
assert pilot.evaluating or inner["steps"] == 5 * pilot.round, (inner, pilot.round)
accuracy = float((((X @ slope + offset) > 0) == y).mean())
pilot.finish({"slope": slope, "offset": offset}, samples=len(X), metrics={"accuracy": accuracy})
`,
});

const KEEPING = {
  rounds: (url: string, pause: number): Promise<JobId> =>
    trainings.submit(url, IN_ROUNDS, 'points.npz', { shards: SHARDS, rounds: ROUNDS, params: { pause } }),
  diloco: (url: string, pause: number): Promise<JobId> =>
    trainings.submit(url, BY_STEPS, 'points.npz', {
      ...{ mode: 'diloco', innerSteps: 5, overlap: 2, compress: 'int8' },
      ...{ shards: SHARDS, rounds: ROUNDS, params: { pause } },
    }),
};

/** The hash of the model of a training, when it is completed. */
async function modelOf(farm: Farm, id: JobId): Promise<string> {
  await api(farm.url).reaches(id, 'completed');
  const { hash } = await farm.db
    .selectFrom('artifacts')
    .select('hash')
    .where('job_id', '=', id)
    .where('name', '=', 'model.npz')
    .executeTakeFirstOrThrow();
  return hash;
}

/** Done chunks of all stages with the lease that made each. */
async function finished(farm: Farm, id: JobId): Promise<Map<string, string | null>> {
  const rows = await farm.db
    .selectFrom('chunks')
    .select(['id', 'accepted_lease_id'])
    .where('job_id', '=', id)
    .where('state', '=', 'done')
    .execute();
  return new Map(rows.map((row) => [row.id, row.accepted_lease_id]));
}

async function shardUnderWay(farm: Farm, id: JobId, round: number): Promise<void> {
  await until(
    async () => {
      const row = await farm.db
        .selectFrom('chunks')
        .innerJoin('stages', 'stages.id', 'chunks.stage_id')
        .select('chunks.id')
        .where('chunks.job_id', '=', id)
        .where('chunks.state', '=', 'running')
        .where('stages.name', '=', 'train')
        .where('stages.ordinal', '>=', 2 * round)
        .executeTakeFirst();
      return row !== undefined;
    },
    `no shard of round ${round} was ever under way`,
    120_000,
  );
}

async function completesWithEveryShardOnce(farm: Farm, id: JobId): Promise<void> {
  await api(farm.url).reaches(id, 'completed');
  const done = await farm.db
    .selectFrom('leases')
    .select(['chunk_id'])
    .where('job_id', '=', id)
    .where('outcome', '=', 'done')
    .execute();
  // The first weights, then shards and a merge for each round, then the evaluation.
  assert.equal(done.length, 1 + ROUNDS * (SHARDS + 1) + 1, 'a finished chunk was made again');
  assert.equal(new Set(done.map((lease) => lease.chunk_id)).size, done.length);
  const { rounds } = RoundList.parse(await api(farm.url).json('GET', `/jobs/${id}/rounds`));
  assert.deepEqual(
    rounds.map(({ round, state, shardsDone }) => [round, state, shardsDone]),
    Array.from({ length: ROUNDS }, (_, index) => [index + 1, 'done', SHARDS]),
  );
  const last = rounds.at(-1)?.metrics?.accuracy ?? 0;
  assert.ok(last > 0.8, `the model learned nothing: ${last}`);
}
