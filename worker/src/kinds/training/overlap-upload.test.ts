import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { TrainSpec } from '@parallel-pilot/shared/kinds/training/stages.ts';
import { until } from '../../../../tests/support/until.ts';
import { TestWorld } from '../../agent/fixtures/test-worker.ts';
import { contextOf, createRig, PYTHON, STATE } from './fixtures/rig.ts';
import { trainingKind } from './index.ts';

const SCRIPT = `import os, time
import numpy as np
import pilot
X = pilot.data()
w = pilot.weights({"w": np.zeros(500_000)})["w"]
made = 0
for rows in pilot.steps(1, weights=lambda: {"w": w}):
    made += 1
    w += made
    while made == 4 and not os.path.exists(pilot.param("gate", "")):
        time.sleep(0.005)
pilot.finish({"w": w})
`;
const sandbox = { level: 'none', reason: 'The script waits for a file of the test.' } as const;

test('an update is at the farm while its script is still at its last step', async (t) => {
  const rig = await createRig(sandbox);
  t.after(() => rig.close());
  const [data, weights] = ['data.npz', 'weights.npz'].map((name) => join(rig.root, name)) as [string, string];
  await rig.python(
    `np.savez(${JSON.stringify(data)}, X=np.zeros((8, 2)))\nnp.savez(${JSON.stringify(weights)}, w=np.zeros(500_000))`,
  );
  const world = await TestWorld.make(t);
  const { farm } = world;
  const begun = Promise.withResolvers<number>();
  const store = Promise.withResolvers<void>();
  // A slow one: it takes the update when the test says so.
  farm.onBlob = async (request, _response, { method }) => {
    if (method !== 'PUT') return false;
    begun.resolve(Number(request.headers['content-length']));
    await store.promise;
    return false;
  };
  farm.replies.failed = (message) => {
    begun.reject(new Error(JSON.stringify(message)));
    return { ok: true };
  };
  world.start({}, [trainingKind({ python: PYTHON })], { sandbox });
  await farm.heard('hello');
  const context = contextOf({
    batch: 2,
    innerSteps: 4,
    overlap: 2,
    params: { gate: world.gate('open') },
  });
  const [script, rows, start] = [
    farm.addBlob(SCRIPT, 'script.py'),
    farm.addBlob(await readFile(data), 'data.npz'),
    farm.addBlob(await readFile(weights), 'weights.npz'),
  ];
  const before = farm.blobs.size;
  const assign = farm.newAssign(
    { round: 1, shard: 0, data: rows, kept: null },
    {
      kind: 'training',
      stageName: 'train',
      stageSpec: TrainSpec.parse({ context, state: STATE, weights: start }),
      inputs: [script, start],
      affinity: 'training:one',
    },
  );
  assert.deepEqual(await farm.send('assign', assign), { ok: true });
  assert.ok((await begun.promise) > 4_000_000);
  store.resolve();
  await until(() => farm.blobs.size === before + 1, 'the update was not stored while the script runs');
  assert.deepEqual([farm.all('done').length, farm.all('failed').length], [0, 0]);
  const [sent] = [...farm.blobs.values()].slice(-1);
  await world.openGate('open');
  const { files } = await farm.heard('done');
  const hash = createHash('sha256')
    .update(sent ?? '')
    .digest('hex');
  assert.equal(files.find(({ name }) => name === 'update')?.hash, hash);
  assert.equal(farm.requests.filter((one) => one.method === 'PUT' && one.hash === hash).length, 1);
  assert.ok(files.some(({ name }) => name === 'kept-0'));
});
