import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { WorkerList } from '@parallel-pilot/shared/api/farm.ts';
import { chunkId, newId, type WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import type { WorkersPatch } from '@parallel-pilot/shared/protocol/control.ts';
import { readServerConfig } from '@parallel-pilot/shared/server/config.ts';
import { startTestBackend, temporaryFolder } from '../app.fixture.ts';
import { joinLine } from './workers.ts';

const random = (count: number) => randomBytes(count);

test('workers are shown with what they do now, by the names of jobs and frames', async (t) => {
  const folder = await temporaryFolder();
  const workers = new Map<WorkerId, WorkersPatch['workers'][number]>();
  const backend = await startTestBackend({ dataFolder: folder.path, workers });
  t.after(async () => {
    await backend.stop();
    await folder.remove();
  });
  const { db, first } = backend.parts;
  const [ada, ben] = [newId('wrk', random), newId('wrk', random)];
  for (const [id, name] of [
    [ben, 'ben'],
    [ada, 'ada'],
  ] as const) {
    await db
      .insertInto('workers')
      .values({
        id,
        name,
        identity_hash: 'x',
        team_id: first.team,
        person_id: first.person,
        works_for: 'everyone',
        status: id === ada ? 'online' : 'offline',
        slots: 2,
        capabilities_json: JSON.stringify({
          'blender.version': '3.4.1',
          'training.modules': Array.from({ length: 300 }, (_, index) => `module${index}`),
        }),
        machine_json: '{"os":"linux","cpus":2,"memoryBytes":1000}',
        first_seen_at: 1,
        last_seen_at: 2,
        chunks_done: 7,
      })
      .execute();
  }
  const [job, stage] = [newId('job', random), newId('stg', random)];
  const common = { job_id: job, spec_json: '{"frame":12}' };
  await db
    .insertInto('jobs')
    .values({
      id: job,
      team_id: first.team,
      person_id: first.person,
      kind: 'blender',
      name: 'Shot 7',
      state: 'running',
      priority: 0,
      spec_json: '{}',
      created_at: 1,
      updated_at: 1,
    })
    .execute();
  await db
    .insertInto('stages')
    .values({
      ...common,
      id: stage,
      ordinal: 1,
      name: 'render',
      state: 'open',
      inputs_json: '[]',
      requirements_json: '[]',
      affinity: '',
      chunk_count: 1,
      planned_at: 1,
    })
    .execute();
  const chunk = chunkId(stage, 0);
  await db
    .insertInto('chunks')
    .values({ ...common, id: chunk, stage_id: stage, ordinal: 0, state: 'running', attempts: 1 })
    .execute();
  const load = { cpu: 0.5, memoryUsedBytes: 10, load: 1.5 };
  workers.set(ada, {
    worker: ada,
    status: 'draining',
    load,
    room: null,
    lent: null,
    running: [{ chunk, job, fraction: 0.25, detail: 'sample 4/16' }],
  });

  const list = WorkerList.parse(await (await fetch(`${backend.url}/api/v1/workers`)).json());
  assert.deepEqual(
    list.workers.map((worker) => [worker.name, worker.status]),
    [
      ['ada', 'draining'],
      ['ben', 'offline'],
    ],
  );
  // A list of hundreds is for planning, not for a page of a thousand workers.
  assert.deepEqual(list.workers[0]?.capabilities, { 'blender.version': '3.4.1' });
  assert.deepEqual(list.workers[0]?.load, load);
  assert.deepEqual(list.workers[0]?.running, [
    { chunk, job, jobName: 'Shot 7', label: 'Frame 12', fraction: 0.25, detail: 'sample 4/16' },
  ]);
  assert.deepEqual(
    [list.workers[1]?.load, list.workers[1]?.running, list.workers[1]?.chunksDone],
    [null, [], 7],
  );
});

test('the line to join names an address that the other machine can reach', () => {
  const line = (env: Record<string, string>) =>
    joinLine(readServerConfig({ PILOT_DATA: '/x', ...env }), null, null);
  const last = (env: Record<string, string>) => line(env).lines.at(-1) ?? '';
  assert.deepEqual(line({}), {
    reachable: false,
    lines: ['npm run setup', 'npx pilot worker --join http://127.0.0.1:3001'],
    join: 'http://127.0.0.1:3001',
    token: null,
  });
  const named = line({ PILOT_HOST: '192.168.1.5', PILOT_BALANCER_PORT: '4001' });
  assert.deepEqual(named, {
    reachable: true,
    lines: ['npm run setup', 'npx pilot worker --join http://192.168.1.5:4001'],
    join: 'http://192.168.1.5:4001',
    token: null,
  });
  const everywhere = last({ PILOT_HOST: '0.0.0.0' });
  assert.match(everywhere, /--join http:\/\/\d+\.\d+\.\d+\.\d+:3001$/);
  const proxied = last({ PILOT_HOST: '0.0.0.0', PILOT_PUBLIC_URL: 'https://farm.example' });
  assert.match(proxied, /--join http:\/\/farm\.example:3001$/);
  const apart = last({ PILOT_HOST: '0.0.0.0', PILOT_BALANCER_URL: 'http://balancer.lan:3001' });
  assert.match(apart, /--join http:\/\/balancer\.lan:3001$/);
});
