import assert from 'node:assert/strict';
import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { api } from '../support/api.ts';
import { type Farm, type Part, startFarm } from '../support/farm.ts';
import { startMariaDb } from '../support/mariadb.ts';
import { makeTrainings, type Trainings } from '../support/trainings.ts';
import { until } from '../support/until.ts';

/** Four never come to the end: however long the load balancer is away, they are in the middle when one is lost. */
const SCRIPT = `
import time
import torch
import pilot
X, y = pilot.data()
X, y = torch.from_numpy(X).float(), torch.from_numpy(y).float()
model = torch.nn.Linear(4, 1)
model.load_state_dict(pilot.weights(model.state_dict()))
model = pilot.model(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.5)
pilot.keep(optimizer)
for epoch in pilot.epochs(12, keep=model):
    while True:
        optimizer.zero_grad()
        torch.nn.functional.binary_cross_entropy_with_logits(model(X)[:, 0], y).backward()
        optimizer.step()
        time.sleep(0.8 if not pilot.evaluating else 0)
        if pilot.shards < 4 or epoch < 8 or pilot.evaluating:
            break
    print("epoch", epoch, "with", pilot.shards, flush=True)
with torch.no_grad():
    accuracy = ((model(X)[:, 0] > 0) == (y > 0.5)).float().mean().item()
pilot.finish(model.state_dict(), metrics={"accuracy": accuracy})
`;

let trainings: Trainings;
before(async () => {
  trainings = await makeTrainings();
});
after(() => trainings?.remove());

for (const [column, startDatabase] of [
  ['SQLite', async () => null],
  ['MariaDB', startMariaDb],
] as const) {
  describe(`four workers that train together, on ${column}`, () => {
    test('kill -9 of the load balancer changes nothing, and after kill -9 of one of them the others go on from the checkpoint and end', async () => {
      const mariadb = await startDatabase();
      const farm = await startFarm({ workers: 4, ...(mariadb === null ? {} : { databaseUrl: mariadb.url }) });
      try {
        const id = await trainings.submit(farm.url, SCRIPT, 'points.npz', {
          mode: 'ddp',
          workers: 4,
          minWorkers: 2,
          rounds: 1,
        });
        await until(async () => (await open(farm, id)).length === 4, 'they never began', 120_000);
        const first = await open(farm, id);
        await farm.balancer.end('SIGKILL');
        await farm.balancer.start();
        await until(async () => (await checkpoints(farm)) === 4, 'they left no checkpoint', 120_000);
        assert.deepEqual(await open(farm, id), first, 'they did not go on without the load balancer');
        await (farm.workers[0] as Part).end('SIGKILL');
        await api(farm.url).reaches(id, 'completed');

        const leases = await membersOf(farm, id);
        assert.deepEqual(leases.map(({ gang_size: size, outcome }) => `${size} ${outcome}`).sort(), [
          '3 canceled',
          '3 canceled',
          '3 done',
          '4 expired',
          '4 preempted',
          '4 preempted',
          '4 preempted',
        ]);
        const log = leases.find(({ outcome }) => outcome === 'done')?.log ?? '';
        const [, from] = /goes on after epoch (\d+) of 12/.exec(log) ?? [];
        assert.ok(Number(from) >= 1, `it began anew: ${log}`);
        assert.equal(log.match(/^epoch \d+ with 3$/gm)?.length, 12 - Number(from), log);
        const { metrics } = await farm.db
          .selectFrom('leases')
          .innerJoin('chunks', 'chunks.accepted_lease_id', 'leases.id')
          .innerJoin('stages', 'stages.id', 'chunks.stage_id')
          .select('result_json')
          .where('stages.job_id', '=', id)
          .where('stages.name', '=', 'evaluate')
          .executeTakeFirstOrThrow()
          .then(({ result_json: json }) => JSON.parse(json ?? '{}'));
        assert.ok(metrics.accuracy > 0.8, `the model learned nothing: ${JSON.stringify(metrics)}`);
      } finally {
        await farm.stop();
        await mariadb?.stop();
      }
    });
  });
}

const membersOf = (farm: Farm, id: JobId) =>
  farm.db
    .selectFrom('leases')
    .select(['id', 'outcome', 'gang_size', 'log', 'started_at'])
    .where('job_id', '=', id)
    .where('gang_size', 'is not', null)
    .orderBy('id')
    .execute();

/** Members that have begun. */
const open = async (farm: Farm, id: JobId): Promise<string[]> =>
  (await membersOf(farm, id))
    .filter(({ outcome, started_at: at }) => outcome === null && at !== null)
    .map((lease) => lease.id);

/** How many workers have one on their disk. */
async function checkpoints(farm: Farm): Promise<number> {
  let found = 0;
  for await (const _ of glob(join(farm.folder, 'workers', '*', '**', 'work', 'checkpoint.npz'))) found += 1;
  return found;
}
