import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { levels } from '@parallel-pilot/sandbox/test-fixtures/levels.ts';
import { learningWhileMeasured } from '@parallel-pilot/shared/kinds/training/oddities.ts';
import { createRig, done, type Rig } from './fixtures/rig.ts';

let rig: Rig;
let data: string;
let weights: string;
const START = `import numpy as np
import pilot
X, y = pilot.data()
w = pilot.weights({"w": np.zeros(3)})
`;

before(async () => {
  const [sandbox] = (await levels()).slice(-1);
  assert.ok(sandbox !== undefined);
  rig = await createRig(sandbox, 2);
  data = join(rig.root, 'data.npz');
  await rig.python(`np.savez(${JSON.stringify(data)}, X=np.ones((8, 4), np.float32), y=np.arange(8) % 2)`);
  weights = join((await rig.initialize(START, data)).outputs, 'weights.npz');
});
after(() => rig.close());

type Point = { at: number; values: Record<string, number> };
const historyOf = async (lines: string): Promise<Point[]> => {
  const ran = await rig.train(`${START}${lines}pilot.finish(w)\n`, { data, weights });
  return done(ran).history as Point[];
};

test('a script of two loops, such as a warm-up first, has its reports in their order', async () => {
  const points = await historyOf(`
pilot.report(n=0)
for epoch in pilot.epochs(1):
    pilot.report(n=1)
    pilot.report(n=2)
for epoch in pilot.epochs(3):
    pilot.report(n=3 + epoch)
`);
  assert.deepEqual(
    points.map(({ at, values }) => [at, values.n]),
    [0, 1 / 8, 1 / 4, 1 / 2, 3 / 4, 1].map((at, n) => [at, n]),
  );
});

test('a loop of no epochs trains nothing, and a loop that is left early is no end', async () => {
  const points = await historyOf(`
for epoch in pilot.epochs(0):
    pilot.report(n=9)
for epoch in pilot.epochs(4):
    pilot.report(n=1)
    if epoch == 1: break
`);
  assert.deepEqual(
    points.map((point) => point.at),
    [1 / 4, 1 / 2],
  );
});

test('arguments, a main function, loader processes, threads and files: the model is handed over', async () => {
  const script = `
import argparse, sys, threading, time
import torch
from torch.utils.data import DataLoader, TensorDataset
import pilot

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.5)
    args = parser.parse_args()
    X, y = pilot.data("some.npz")
    model = torch.nn.Linear(4, 2)
    tied = torch.nn.Linear(4, 2)
    tied.weight = model.weight
    both = torch.nn.ModuleList([model, tied])
    both.load_state_dict(pilot.weights(both.state_dict()))
    loader = DataLoader(TensorDataset(torch.tensor(X), torch.tensor(y)), batch_size=2, num_workers=2)
    seen = 0
    for epoch in pilot.epochs(2):
        for batch, _ in loader:
            seen += len(batch)
            with torch.no_grad(): model.weight += args.lr
    threading.Thread(target=time.sleep, args=(3600,)).start()
    open("checkpoint.pt", "wb").write(bytes(1000))
    pilot.finish(both.state_dict(), metrics={"seen": seen})
    sys.exit(0)

if __name__ == "__main__":
    main()
`;
  const first = join((await rig.initialize(script, data)).outputs, 'weights.npz');
  const ran = await rig.train(script, { data, weights: first });
  assert.deepEqual(done(ran).metrics, { seen: 16 });
  await rig.python(`
old, new = np.load(${JSON.stringify(first)}), np.load(${JSON.stringify(join(ran.outputs, 'update.npz'))})
np.testing.assert_allclose(new["0.weight"], old["0.weight"] + 4, rtol=1e-6)
assert np.array_equal(new["0.weight"], new["1.weight"])`);
});

test('a DataLoader of torch takes the steps of a round as its batches, and knows how many they are', async () => {
  const script = (line: string) => `
import torch
from torch.utils.data import DataLoader, TensorDataset
import pilot
X, y = pilot.data()
model = torch.nn.Linear(4, 2)
model.load_state_dict(pilot.weights(model.state_dict()))
dataset = TensorDataset(torch.tensor(X), torch.tensor(y))
seen, ends = [], 0
${line}
pilot.finish(model.state_dict(), metrics={"steps": len(seen), "rows": sum(seen), "length": len(loader), "ends": ends})
`;
  const stepped = script(`loader = DataLoader(dataset, batch_sampler=pilot.steps(3, keep=model))
for batch, _ in loader:
    seen.append(len(batch))
    ends += pilot.ends_epoch`);
  const weights = join((await rig.initialize(stepped, data)).outputs, 'weights.npz');
  const context = { batch: 3 };
  const metricsOf = async (lines: string, more = {}) =>
    done(await rig.train(lines, { data, weights, context: { ...context, ...more } })).metrics;
  assert.deepEqual(await metricsOf(stepped), { steps: 9, rows: 24, length: 9, ends: 3 });
  assert.deepEqual(await metricsOf(stepped, { innerSteps: 4 }), { steps: 4, rows: 11, length: 4, ends: 1 });
  const drawn = script(`loader = DataLoader(dataset, batch_sampler=pilot.batches(), num_workers=1)
for epoch in pilot.epochs(2):
    for batch, _ in loader:
        seen.append(len(batch))`);
  assert.deepEqual(await metricsOf(drawn), { steps: 6, rows: 16, length: 3, ends: 0 });
});

test('a Python that could not be forked ahead is so again after the next chunk', async () => {
  await rig.python(`
from pilot_worker import zygote
class Full:
    def __init__(self, threads): raise OSError("no room")
class Begun:
    def __init__(self, threads): pass
    def begin(self, command): return True
one = zygote.Zygote.__new__(zygote.Zygote)
one.fork, one.ahead, one.ahead_wanted, one.threads = None, None, True, 1
zygote.Fork = Full
one.fork_ahead()
assert one.patience() is None
zygote.Fork = Begun
one.run_command({"id": 1, "op": "run", "task": {}})
one.fork = None
assert one.patience() == zygote.AHEAD_SECONDS`);
});

test('a model that is left in training mode while it is measured is measured all the same, and that is told', async () => {
  const script = `
import pilot
import torch
X, y = pilot.data()
model = torch.nn.BatchNorm1d(4)
model.load_state_dict(pilot.weights(model.state_dict()))
out = model(torch.tensor(X))
pilot.finish(model.state_dict(), metrics={"mean": out.mean()})
`;
  const first = join((await rig.initialize(script, data)).outputs, 'weights.npz');
  const ran = await rig.merge(script, {
    weights: first,
    updates: [{ file: first, samples: 1 }],
    holdout: data,
  });
  const { learned, metrics } = done(ran) as { learned: string; metrics: object };
  assert.deepEqual([learned, Object.keys(metrics)], ['running_mean', ['mean']]);
  const [note] = learningWhileMeasured(1, { learned });
  assert.match(note?.message ?? '', /"running_mean" went on changing.*model\.eval\(\)/);
  assert.deepEqual(learningWhileMeasured(2, { learned }), []);
});

test('a pipe or a link in the place of the log holds nobody up, and leads nowhere', async () => {
  for (const make of ['os.mkfifo("../log.txt")', 'os.symlink("../cache-of-mine", "../log.txt")']) {
    const script = `${START}import os\n${make}\nprint("said")\npilot.finish(w)\n`;
    const ran = await rig.train(script, { data, weights }, { hangLimitMs: 5_000 });
    done(ran);
    assert.equal(await readFile(join(ran.outputs, 'log.txt'), 'utf8'), 'said\n');
  }
});

test('a script that catches everything still gives its first weights', async () => {
  const caught = 'try:\n    pilot.weights({"w": np.zeros(3)})\nexcept:\n    pass\n';
  for (const goesOn of ['pilot.finish({"w": np.zeros(3)})\n', 'raise ValueError("no weights")\n']) {
    const script = `import numpy as np\nimport pilot\npilot.data()\n${caught}${goesOn}`;
    const ran = await rig.initialize(script, data);
    assert.equal(done(ran).parameters, 3);
  }
});
