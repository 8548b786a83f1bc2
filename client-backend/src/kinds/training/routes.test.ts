import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ArtifactList, JobLog } from '@parallel-pilot/shared/api/chunks.ts';
import { Problem } from '@parallel-pilot/shared/api/problem.ts';
import { MergeSpec } from '@parallel-pilot/shared/kinds/training/stages.ts';
import { Curves, RoundList } from '@parallel-pilot/shared/kinds/training/view.ts';
import { chunkId, type JobId, newId, type StageId, type WorkerId } from '@parallel-pilot/shared/model/ids.ts';
import { putArtifact } from '@parallel-pilot/shared/server/db/artifacts.ts';
import type { ChunksTable, LeasesTable, StagesTable } from '@parallel-pilot/shared/server/db/schema/jobs.ts';
import type { Insertable } from 'kysely';
import { fromBufferPromise } from 'yauzl';
import { startTestBackend, type TestBackend, temporaryFolder } from '../../app.fixture.ts';
import { storeBytes } from '../../jobs/test-farm.fixture.ts';
import { addTraining, deliver, deliverAll, inFirstRound } from './training.fixture.ts';

let backend: TestBackend;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
before(async () => {
  folder = await temporaryFolder();
  backend = await startTestBackend({ dataFolder: folder.path });
});
after(async () => {
  await backend.stop();
  await folder.remove();
});

const get = (path: string) => fetch(`${backend.url}/api/v1/jobs/${path}`);

const MERGE = MergeSpec.parse({
  context: {
    round: 1,
    rounds: 1,
    shards: 1,
    batch: 1,
    seed: 0,
    params: {},
    label: null,
    classes: null,
    deadlineSeconds: null,
  },
  state: { momentum: null, best: null, roundsWithoutImprovement: 0, framework: 'numpy' },
  merge: { merge: 'average', outerLr: 1, outerMomentum: 0, trim: 0 },
  updates: [{ shard: 0, path: 'updates/0.npz', samples: 1 }],
  missing: [],
  holdout: null,
});

/** Rows of a training as it has them after so many rounds, each of its shards with a history of steps. */
async function longTraining(rounds: number, shards: number, steps: number): Promise<JobId> {
  const { parts } = backend;
  const job = await addTraining(parts, { settings: { shards, rounds } });
  await parts.db.deleteFrom('stages').where('job_id', '=', job).execute();
  const stages: Insertable<StagesTable>[] = [];
  const chunks: Insertable<ChunksTable>[] = [];
  const leases: Insertable<LeasesTable>[] = [];
  const addDone = (stage: StageId, ordinal: number, result: unknown) => {
    const of = { job_id: job, attempts: 1 };
    const lease = newId('lse', parts.random);
    const id = chunkId(stage, ordinal);
    chunks.push({
      ...of,
      id,
      stage_id: stage,
      ordinal,
      spec_json: '{}',
      state: 'done',
      accepted_lease_id: lease,
    });
    leases.push({
      id: lease,
      chunk_id: id,
      job_id: job,
      worker_id: 'wrk_000000000001' as WorkerId,
      granted_at: 1,
      outcome: 'done',
      ended_at: 2,
      result_json: JSON.stringify(result),
    });
  };
  const of = {
    job_id: job,
    state: 'closed' as const,
    inputs_json: '[]',
    requirements_json: '[]',
    affinity: '',
  };
  const history = Array.from({ length: steps }, (_, step) => ({
    at: (step + 1) / steps,
    values: { loss: step },
  }));
  for (let round = 1; round <= rounds; round += 1) {
    const [train, merge] = [newId('stg', parts.random), newId('stg', parts.random)];
    const times = { iteration: round, planned_at: round * 1_000, closed_at: round * 1_000 + 500 };
    const merged = JSON.stringify({ ...MERGE, missing: [0], shardMetrics: { loss: round } });
    stages.push(
      { ...of, ...times, id: train, ordinal: 3 * round, name: 'train', chunk_count: shards, spec_json: '{}' },
      {
        ...of,
        ...times,
        id: merge,
        ordinal: 3 * round + 1,
        name: 'merge',
        chunk_count: 1,
        spec_json: merged,
      },
    );
    for (let ordinal = 0; ordinal < shards; ordinal += 1) {
      addDone(train, ordinal, { samples: 5, metrics: { loss: round }, history });
    }
    addDone(merge, 0, { metrics: { accuracy: round }, parameters: 1, seconds: 1 });
  }
  await parts.db.transaction().execute(async (db) => {
    for (let at = 0; at < stages.length; at += 500)
      await db
        .insertInto('stages')
        .values(stages.slice(at, at + 500))
        .execute();
    for (let at = 0; at < chunks.length; at += 500)
      await db
        .insertInto('chunks')
        .values(chunks.slice(at, at + 500))
        .execute();
    for (let at = 0; at < leases.length; at += 500)
      await db
        .insertInto('leases')
        .values(leases.slice(at, at + 500))
        .execute();
  });
  return job;
}

test('a training can be submitted again as it was, without what was found out about its files', async () => {
  const job = await addTraining(backend.parts, { settings: { shards: 3 } });
  const sent = await (await get(`${job}/submission`)).json();
  assert.deepEqual(
    [sent.kind, sent.script.fileName, sent.data.fileName, sent.settings.shards],
    ['training', 'digits.py', 'digits.csv', 3],
  );
  const again = await fetch(`${backend.url}/api/v1/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(sent),
  });
  assert.equal(again.status, 201, await again.text());
});

test('rounds come in pages, and 10,000 of them are few points on a curve', async () => {
  const job = await longTraining(10_000, 3, 2);
  const page = RoundList.parse(await (await get(`${job}/rounds?after=9998&limit=5`)).json());
  assert.deepEqual([page.total, page.rounds.map((round) => round.round)], [10_000, [9_999, 10_000]]);
  assert.deepEqual(page.rounds[0], {
    round: 9_999,
    state: 'done',
    shardsDone: 2,
    shards: 3,
    metrics: { accuracy: 9_999 },
    shardMetrics: { loss: 9_999 },
    model: null,
    best: false,
    bytes: null,
    seconds: 0.5,
    startedAt: 9_999_000,
  });
  const whole = RoundList.parse(await (await get(`${job}/rounds`)).json());
  assert.equal(whole.rounds.length, 1_000);

  const curves = Curves.parse(await (await get(`${job}/curves`)).json());
  assert.deepEqual(
    curves.lines.map((line) => [line.shard, line.points.length]),
    [
      [null, 2_000],
      [0, 2_000],
      [1, 2_000],
      [2, 2_000],
    ],
  );
  const [merged] = curves.lines;
  assert.deepEqual(merged?.points.at(-1), { x: 10_000, values: { accuracy: 10_000 } });
  const gaps = merged?.points.slice(1).map((point, at) => point.x - (merged.points[at]?.x ?? 0));
  assert.ok(
    gaps?.every((gap) => gap === 5),
    'not evenly thinned',
  );
  const late = Curves.parse(await (await get(`${job}/curves?after=9990`)).json());
  assert.deepEqual(
    late.lines.map((line) => line.points.length),
    [10, 20, 20, 20],
  );
  assert.deepEqual(
    late.lines[1]?.points.slice(0, 2).map((point) => point.x),
    [9_990.5, 9_991],
  );
});

test('a short training shows the steps within its rounds', async () => {
  const job = await longTraining(3, 2, 256);
  const curves = Curves.parse(await (await get(`${job}/curves`)).json());
  assert.deepEqual(curves.names, ['accuracy', 'loss']);
  assert.deepEqual(
    curves.lines.map((line) => line.points.length),
    [3, 768, 768],
  );
  const xs = curves.lines[1]?.points.map((point) => point.x) ?? [];
  assert.deepEqual(
    xs,
    xs.toSorted((a, b) => a - b),
  );
  assert.deepEqual([xs[0], xs.at(-1)], [1 / 256, 3]);
});

test('jobs that are no trainings have no rounds, and the document tells of both requests', async () => {
  for (const path of ['job_00000000000000000000/rounds', 'job_00000000000000000000/curves']) {
    const reply = await get(path);
    assert.deepEqual([reply.status, Problem.parse(await reply.json()).code], [404, 'job-unknown']);
  }
  const job = await longTraining(1, 1, 1);
  assert.equal((await get(`${job}/rounds?limit=1001`)).status, 400);
  const document = (await (await fetch(`${backend.url}/api/v1/openapi.json`)).json()) as { paths: object };
  for (const path of ['rounds', 'curves']) assert.ok(`/api/v1/jobs/{id}/${path}` in document.paths);
});

test('the files of a completed job come in one zip, once there are two', async () => {
  const { parts } = backend;
  const job = await longTraining(1, 1, 1);
  const names = async () =>
    ArtifactList.parse(await (await get(`${job}/artifacts`)).json()).artifacts.map(
      (artifact) => artifact.name,
    );
  const add = async (name: string) => {
    const { hash, size } = await storeBytes(parts, Buffer.from(name), 'text/plain');
    await putArtifact(parts.db, { job_id: job, name, hash, size, media_type: 'text/plain', created_at: 1 });
  };
  await add('model.npz');
  await parts.db.updateTable('jobs').set({ state: 'completed' }).where('id', '=', job).execute();
  assert.deepEqual(await names(), ['model.npz']);
  const none = await get(`${job}/artifacts/all.zip`);
  assert.deepEqual([none.status, Problem.parse(await none.json()).code], [404, 'no-artifacts']);
  await add('metrics.json');
  assert.deepEqual(await names(), ['metrics.json', 'model.npz', 'all.zip']);
  const reply = await get(`${job}/artifacts/all.zip`);
  assert.match(reply.headers.get('content-disposition') ?? '', /^attachment; .*digits-all\.zip/);
  const zip = await fromBufferPromise(Buffer.from(await reply.arrayBuffer()));
  const found: string[] = [];
  for await (const entry of zip.eachEntry()) {
    const bytes = Buffer.concat(await (await zip.openReadStreamPromise(entry)).toArray());
    found.push(`${entry.fileName}: ${bytes}`);
  }
  assert.deepEqual(found, ['metrics.json: metrics.json', 'model.npz: model.npz']);
});

test('the merged model of a round is handed out while the job runs and once it is canceled, one that is not merged is not', async () => {
  const { parts } = backend;
  const job = await inFirstRound(parts, { settings: { shards: 1, rounds: 4 } });
  for (const [index, accuracy] of [0.5, 0.9, 0.7].entries()) {
    await deliverAll(parts, job);
    await deliverAll(parts, job, { weights: [index, 40], metrics: { accuracy } });
  }
  const list = async () => RoundList.parse(await (await get(`${job}/rounds`)).json()).rounds;
  const seen = (await list()).map(({ round, model, best }) => [round, model !== null, best]);
  const expected = [
    [1, true, false],
    [2, true, true],
    [3, true, false],
    [4, false, false],
  ];
  assert.deepEqual(seen, expected);
  await deliver(parts, job);
  await parts.db.updateTable('jobs').set({ state: 'canceled' }).where('id', '=', job).execute();
  const answer = await get(`${job}/rounds/2/model`);
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-disposition') ?? '', /attachment; filename=digits-round-2\.npz$/);
  const bytes = Buffer.from(await answer.arrayBuffer());
  assert.equal(bytes.length, (await list())[1]?.model?.size);
  assert.equal(bytes.toString('latin1', 0, 2), 'PK');
  const named = async (which: string) => {
    const reply = await get(`${job}/rounds/${which}/model`);
    return [reply.status, /round-\d/.exec(reply.headers.get('content-disposition') ?? '')?.[0]];
  };
  assert.deepEqual(await named('best'), [200, 'round-2']);
  assert.deepEqual(await named('last'), [200, 'round-3']);
  assert.equal((await get(`${job}/rounds/4/model`)).status, 404);
  assert.equal((await get(`${job}/rounds/x/model`)).status, 400);
});

test('there is no best and no last model before a round is merged', async () => {
  const job = await inFirstRound(backend.parts, { settings: { shards: 1, rounds: 2 } });
  for (const which of ['best', 'last']) {
    const reply = await get(`${job}/rounds/${which}/model`);
    assert.deepEqual([reply.status, Problem.parse(await reply.json()).code], [404, 'model-unknown']);
  }
});

test('what scripts printed is told by shard and round, and from a page on only what came since', async () => {
  const { parts } = backend;
  const job = await inFirstRound(parts, { settings: { shards: 2, rounds: 2 } });
  await deliver(parts, job, 0);
  const log = async (after = '') => JobLog.parse(await (await get(`${job}/log${after}`)).json());
  const first = await log();
  assert.deepEqual(
    first.prints.map(({ label, log: said }) => [label, said]),
    [
      ['First weights', 'Saved'],
      ['Round 1, shard 1', 'Saved'],
    ],
  );
  const since = `?after=${encodeURIComponent(first.next ?? '')}`;
  assert.deepEqual((await log(since)).prints, []);
  await deliver(parts, job, 1);
  assert.deepEqual(
    (await log(since)).prints.map(({ label }) => label),
    ['Round 1, shard 2'],
  );
  assert.equal((await get(`${job}/log?after=nonsense`)).status, 400);
});
