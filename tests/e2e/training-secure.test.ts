import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { scaleOf } from '@parallel-pilot/shared/kinds/training/secure/scale.ts';
import type { JobId } from '@parallel-pilot/shared/model/ids.ts';
import { api } from '../support/api.ts';
import { type Farm, startFarm } from '../support/farm.ts';
import { lendWards, modelOf, submitLocal } from '../support/lent-data.ts';
import { until } from '../support/until.ts';

const WORKERS = 4;
const SETTINGS = { rounds: 2, clip: 0.5 };
const { most } = scaleOf({ clip: SETTINGS.clip, noise: 0, shards: WORKERS, threshold: 3 });
const SCRIPT = `
import os, time
import numpy as np
import pilot

X, y = pilot.data()
w = pilot.weights({"slope": np.zeros(4), "offset": np.zeros(1), "count": np.int64(7)})
state = {"rounds": 0}
pilot.keep(state)
while pilot.param("hold", 0) and pilot.shard == 3 and not pilot.evaluating and not os.path.exists(pilot.local_data + "/go"):
    time.sleep(0.02)
for epoch in pilot.epochs(5):
    error = 1 / (1 + np.exp(-(X @ w["slope"] + w["offset"]))) - y
    w["slope"] -= 0.5 * X.T @ error / len(X)
    w["offset"] -= 0.5 * error.mean()
if not pilot.evaluating:
    state["rounds"] += 1
pilot.finish(w, samples=len(X), metrics={"rounds": state["rounds"]})
`;

test('secure aggregation over four workers of which one is killed -9 once its update is masked: the model of the plain sum, and no update at the farm', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-secure-'));
  const farm = await startFarm({ workers: 0 });
  try {
    await chmod(folder, 0o755);
    await lendWards(farm, folder, WORKERS);
    const plain = await submitLocal(farm, folder, SETTINGS, SCRIPT);
    await api(farm.url).reaches(plain, 'completed');

    const held = { ...SETTINGS, secure: true, params: { hold: 1 } };
    const job = await submitLocal(farm, folder, held, SCRIPT);
    const letGo = await holdMasking(farm, job);
    await writeFile(join(folder, '4', 'go'), '');
    const victim = farm.workers[2];
    assert.ok(victim);
    const [masked] = await until(() => filesOf(farm, job, 'masked', 2), 'worker-3 masked nothing');
    await victim.end('SIGKILL');
    // What each shard has handed in before: what it keeps, sealed, and no update.
    for (let shard = 0; shard < WORKERS; shard += 1) {
      const files = (await filesOf(farm, job, 'train', shard)) ?? [];
      assert.deepEqual(
        files.map(({ name }) => name),
        [`kept-${shard}`],
      );
    }
    assert.ok(masked);
    const numbers = await numbersOf(blobPath(farm, masked.hash));
    // An update is five numbers that are all as small as this; under masks that would be a chance of 1e-8.
    assert.equal(numbers.length, 5);
    assert.ok(
      numbers.some((value) => Math.abs(value) > most),
      String(numbers),
    );
    await letGo();
    await until(() => filesOf(farm, job, 'merge', 0), 'the round did not go on without worker-3');
    await victim.start();
    await api(farm.url).reaches(job, 'completed');

    const [expected, found] = [await valuesOf(farm, plain), await valuesOf(farm, job)];
    assert.ok(expected.some((value) => Math.abs(value) > 0.1 && value !== 7));
    for (const [at, value] of expected.entries())
      assert.ok(Math.abs(value - (found[at] ?? Number.NaN)) < 1e-6, `${found} is not ${expected}`);
    await eachKept(farm, job);
  } finally {
    await farm.stop();
    await rm(folder, { recursive: true, force: true });
  }
});

/**
 * Has worker-1 wait where it notes with whom it masks, as soon as it has trained: its file for that is a pipe until the
 * function that this resolves to is called. So the test says when the round goes on, and no clock does.
 */
async function holdMasking(farm: Farm, job: JobId): Promise<() => Promise<void>> {
  await until(() => filesOf(farm, job, 'train', 0), 'worker-1 has not trained');
  const root = join(farm.folder, 'workers', '1', 'kept', 'training');
  const below = async (path: string, like: RegExp) =>
    join(path, (await readdir(path)).find((name) => like.test(name)) ?? '');
  const record = await below(await below(await below(root, /^stg_/), /^1$/), /^[0-9a-f]{64}$/);
  const pipe = join(record, 'masked');
  await promisify(execFile)('mkfifo', [pipe]);
  return async () => {
    const row = await farm.db
      .selectFrom('chunks')
      .innerJoin('stages', 'stages.id', 'chunks.stage_id')
      .select(['chunks.spec_json as chunk', 'stages.spec_json as stage'])
      .where('stages.job_id', '=', job)
      .where('stages.name', '=', 'masked')
      .where('chunks.ordinal', '=', 0)
      .executeTakeFirstOrThrow();
    const { sharers } = JSON.parse(row.stage);
    const text = JSON.stringify({ sharers, received: JSON.parse(row.chunk).received });
    const writer = await open(pipe, 'w');
    await writeFile(`${pipe}.file`, text);
    await rename(`${pipe}.file`, pipe);
    await writer.writeFile(text);
    await writer.close();
  };
}

/** The files of a done chunk of a stage of the first round, null before it is done. */
async function filesOf(farm: Farm, job: JobId, stage: string, ordinal: number) {
  const row = await farm.db
    .selectFrom('chunks')
    .innerJoin('stages', 'stages.id', 'chunks.stage_id')
    .innerJoin('leases', 'leases.id', 'chunks.accepted_lease_id')
    .select('leases.files_json')
    .where('stages.job_id', '=', job)
    .where('stages.name', '=', stage)
    .where('stages.iteration', '=', 1)
    .where('chunks.ordinal', '=', ordinal)
    .where('chunks.state', '=', 'done')
    .executeTakeFirst();
  return row === undefined ? null : (JSON.parse(row.files_json ?? '[]') as { name: string; hash: string }[]);
}

const blobPath = (farm: Farm, hash: string) => join(farm.folder, 'blobs', hash.slice(0, 2), hash.slice(2));

async function numbersOf(path: string): Promise<number[]> {
  const bytes = new Uint8Array(await readFile(path));
  return [...new Int32Array(bytes.buffer)];
}

async function valuesOf(farm: Farm, job: JobId): Promise<number[]> {
  const lines = `
import sys, json, numpy as np
file = np.load(sys.argv[1])
print(json.dumps([float(x) for name in sorted(file.files) for x in file[name].reshape(-1)]))`;
  const path = blobPath(farm, await modelOf(farm, job));
  const { stdout } = await promisify(execFile)('/usr/bin/python3', ['-c', lines, path]);
  return JSON.parse(stdout);
}

/** Each shard went on from what it had kept the round before. */
async function eachKept(farm: Farm, job: JobId): Promise<void> {
  const rows = await farm.db
    .selectFrom('chunks')
    .innerJoin('stages', 'stages.id', 'chunks.stage_id')
    .innerJoin('leases', 'leases.id', 'chunks.accepted_lease_id')
    .select(['stages.iteration', 'leases.result_json'])
    .where('stages.job_id', '=', job)
    .where('stages.name', '=', 'train')
    .execute();
  assert.equal(rows.length, SETTINGS.rounds * WORKERS);
  for (const { iteration, result_json } of rows)
    assert.deepEqual(JSON.parse(result_json ?? '{}').metrics, { rounds: iteration });
}
