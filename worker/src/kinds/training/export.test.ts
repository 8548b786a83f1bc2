import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { done, type Ran, type Rig } from './fixtures/rig.ts';
import { createRigWithData } from './fixtures/rig-with-data.ts';

let rig: Rig;
let data: string;
before(async () => {
  ({ rig, data } = await createRigWithData(
    'np.savez(path, X=np.ones((6, 4), np.float32), y=np.arange(6) % 3)',
  ));
});
after(() => rig.close());

const SCRIPT = `import pilot
import torch
X, y = pilot.data()
class Told(torch.nn.Softmax):
    def forward(self, x):
        print("traced")
        return super().forward(x)
model = torch.nn.Sequential(torch.nn.Linear(4, 3), Told(1))
model.load_state_dict(pilot.weights(model.state_dict()))
pilot.export(model, X[:1])
pilot.finish(model.state_dict(), metrics={"loss": 1.0})
`;
const file = ({ outcome }: Ran, name: string) =>
  outcome.ok ? outcome.files.find((one) => one.name === name) : undefined;

test('the model that is measured last is traced by the example of its script, and no other', async () => {
  const first = await rig.initialize(SCRIPT, data);
  const weights = join(first.outputs, 'weights.npz');
  const ran = await rig.evaluate(SCRIPT, { weights, holdout: data });
  assert.deepEqual(done(ran).exported, { problem: null });
  const onnx = await readFile(file(ran, 'onnx')?.path ?? '', 'latin1');
  for (const part of ['pytorch', 'Softmax', 'input', 'output', 'rows']) assert.ok(onnx.includes(part), part);
  const merged = await rig.merge(SCRIPT, {
    weights,
    updates: [{ file: weights, samples: 1 }],
    holdout: data,
  });
  const traced = [ran, merged].map(({ outcome }) => outcome.ok && outcome.log.includes('traced'));
  assert.deepEqual(traced, [true, false]);
});

test('what cannot be exported is told, and ends no training', async () => {
  const script = `import numpy as np
import pilot
w = pilot.weights({"w": np.zeros(2)})
pilot.export(w, np.zeros(2))
pilot.finish(w, samples=1, metrics={"loss": 2.0})
`;
  const first = await rig.initialize(script, data);
  const ran = await rig.evaluate(script, { weights: join(first.outputs, 'weights.npz'), holdout: data });
  const { metrics, exported } = done(ran);
  assert.deepEqual(metrics, { loss: 2 });
  assert.deepEqual(exported, { problem: 'TypeError: pilot.export takes a model of torch, not dict' });
  assert.equal(file(ran, 'onnx'), undefined);
});
