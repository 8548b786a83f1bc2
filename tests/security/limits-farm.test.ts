import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { WorkerList } from '@parallel-pilot/shared/api/farm.ts';
import { api } from '../support/api.ts';
import { type Farm, startFarm } from '../support/farm.ts';
import { makeTrainings, scriptWith, type Trainings } from '../support/trainings.ts';

const MEMORY = 200_000_000;
let farm: Farm;
let trainings: Trainings;
before(async () => {
  [farm, trainings] = await Promise.all([startFarm({ workers: 0 }), makeTrainings()]);
  const env = { PILOT_MEMORY_GB: String(MEMORY / 1e9), PILOT_BLENDER: '/nonexistent/blender' };
  await Promise.all(Array.from({ length: 4 }, () => farm.addWorker(env)));
});
after(async () => {
  await farm?.stop();
  await trainings?.remove();
});

test('a script that takes ever more memory on four workers at once is ended alone on each, and told so', async () => {
  const pids = () => [farm.balancer, farm.backend, ...farm.workers].map((part) => part.pid());
  const before = pids();
  // All four would take 1.2 GB.
  const greedy = scriptWith({
    before: `
held = []
while not pilot.evaluating and len(held) < 300: held.append(np.ones(125_000))
while not pilot.evaluating: time.sleep(1)`,
  });
  const settings = { shards: 4, rounds: 1 };
  const id = await trainings.submit(farm.url, greedy, 'points.npz', settings);
  const { request, reaches, chunks } = api(farm.url);
  let unreachable = 0;
  const polling = setInterval(() => {
    request('GET', '/workers').then(
      (reply) => {
        if (!reply.ok) unreachable += 1;
      },
      () => {
        unreachable += 1;
      },
    );
  }, 50);
  const job = await reaches(id, 'failed', 100_000).finally(() => clearInterval(polling));
  assert.match(
    job.problem?.message ?? '',
    /The script was ended\. It needed more than the 200 MB of memory that it may have on this worker\./,
  );
  assert.equal(job.problem?.code, 'out-of-memory');
  const shards = (await chunks(id)).chunks.filter((it) => it.state === 'failed');
  assert.equal(shards.length, 4);
  assert.equal(unreachable, 0, 'the farm was not reachable');
  assert.deepEqual(pids(), before, 'a process of the farm was ended');
  const { workers } = WorkerList.parse(await api(farm.url).json('GET', '/workers'));
  assert.deepEqual(
    workers.map(({ status }) => status),
    ['online', 'online', 'online', 'online'],
  );
  for (const worker of workers) assert.match(String(worker.capabilities.limits), /^(cgroup v[12]|watched)$/);
});

test('its neighbours work on meanwhile', async () => {
  const greedy = scriptWith({
    before: `
held = []
while pilot.shard == 0 and not pilot.evaluating and len(held) < 300: held.append(np.ones(125_000)); time.sleep(0.005)
while pilot.shard == 0 and not pilot.evaluating: time.sleep(1)`,
  });
  const settings = { shards: 4, rounds: 1, quorum: 0.75, deadlineSeconds: 60 };
  const id = await trainings.submit(farm.url, greedy, 'points.npz', settings);
  const job = await api(farm.url).reaches(id, 'completed', 100_000);
  assert.match(
    JSON.stringify(job.notes),
    /went on without shard 1: The script was ended\. It needed more than/,
  );
});
