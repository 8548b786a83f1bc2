import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { api } from '../support/api.ts';
import { type Farm, startFarm } from '../support/farm.ts';
import { type LocalSettings, lendWards, modelOf, submitLocal } from '../support/lent-data.ts';
import { scriptWith } from '../support/trainings.ts';
import { until } from '../support/until.ts';

const WORKERS = 3;
const ROUNDS = 2;

test('shards that workers lend stay with them through kill -9: the job says whom it waits for, goes on without them where it may, and comes to the same model', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-lent-'));
  const farm = await startFarm({ workers: 0 });
  try {
    await chmod(folder, 0o755);
    await lendWards(farm, folder, WORKERS);
    const submit = (settings: LocalSettings, script = scriptWith({})) =>
      submitLocal(farm, folder, { rounds: ROUNDS, ...settings }, script);
    const undisturbed = await submit({});
    await api(farm.url).reaches(undisturbed, 'completed');

    const waits = await submit({ params: { pause: 0.2 } });
    const stuck = scriptWith({ before: 'if pilot.shard == 1 and not pilot.evaluating: time.sleep(600)' });
    const goesOn = await submit({ rounds: 1, quorum: 0.5, deadlineSeconds: 4 }, stuck);
    const [, victim] = farm.workers;
    assert.ok(victim);
    await underWay(farm, waits, 'worker-2');
    await victim.end('SIGKILL');
    await until(async () => {
      const { waiting } = await api(farm.url).job(waits);
      return (
        waiting?.code === 'pinned' &&
        /^(Round \d|Evaluation), shard 2 waits for the worker worker-2, which is away: only that one has what it works on\.$/.test(
          waiting.message,
        )
      );
    }, 'nobody says whom the job waits for');
    await api(farm.url).reaches(goesOn, 'completed');
    const { view } = await api(farm.url).job(goesOn);
    assert.match((view.kind === 'training' && view.without) || '', /^without shard 2 in the only round /);

    await victim.start();
    await api(farm.url).reaches(waits, 'completed');
    assert.equal(await modelOf(farm, waits), await modelOf(farm, undisturbed));
    for (const job of [undisturbed, waits, goesOn]) await eachAtHome(farm, job);
    const measured = await api(farm.url).job(waits);
    assert.deepEqual(measured.view.kind === 'training' && measured.view.localData, {
      name: 'wards',
      workers: ['worker-1', 'worker-2', 'worker-3'],
    });
  } finally {
    await farm.stop();
    await rm(folder, { recursive: true, force: true });
  }
});

/** A shard of the job runs on that worker. */
const underWay = (farm: Farm, job: JobId, worker: string) =>
  until(
    async () => {
      const row = await farm.db
        .selectFrom('leases')
        .innerJoin('workers', 'workers.id', 'leases.worker_id')
        .innerJoin('chunks', 'chunks.id', 'leases.chunk_id')
        .innerJoin('stages', 'stages.id', 'chunks.stage_id')
        .select('leases.id')
        .where('leases.job_id', '=', job)
        .where('leases.ended_at', 'is', null)
        .where('leases.started_at', 'is not', null)
        .where('stages.name', '=', 'train')
        .where('workers.name', '=', worker)
        .executeTakeFirst();
      return row !== undefined;
    },
    `no shard was ever under way on ${worker}`,
    120_000,
  );

/** Every chunk that is about a shard was given to its worker alone. */
async function eachAtHome(farm: Farm, job: JobId): Promise<void> {
  const rows = await farm.db
    .selectFrom('leases')
    .innerJoin('workers', 'workers.id', 'leases.worker_id')
    .innerJoin('chunks', 'chunks.id', 'leases.chunk_id')
    .innerJoin('stages', 'stages.id', 'chunks.stage_id')
    .select(['stages.name as stage', 'chunks.ordinal', 'workers.name as worker'])
    .where('leases.job_id', '=', job)
    .where('stages.name', 'in', ['train', 'measure'])
    .execute();
  assert.ok(rows.length > WORKERS);
  for (const { stage, ordinal, worker } of rows) assert.equal(worker, `worker-${ordinal + 1}`, stage);
}
