import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ScriptContext } from '@parallel-pilot/shared/kinds/training/stages.ts';
import { done, failed, type Ran, type Rig } from './fixtures/rig.ts';
import { createRigWithData } from './fixtures/rig-with-data.ts';

let rig: Rig;
let data: string;
before(async () => {
  ({ rig, data } = await createRigWithData(
    'np.savez(path, X=np.random.default_rng(1).normal(size=(32, 4)), y=np.arange(32) % 7 / 7)',
  ));
});
after(() => rig.close());

/** A loss without curves: a step is the same wherever it is made. Multiples of 127 are whole in int8. */
const LINEAR = `import numpy as np
import pilot
X, y = pilot.data()
w = pilot.weights({"w": np.zeros(4)})["w"]
for rows in pilot.steps(1, weights=lambda: {"w": w}):
    w += (1.0 + rows[0]) * np.array([127, -127, 127, 0])
pilot.finish({"w": w})
`;
const STEPS = { batch: 8, innerSteps: 5, rounds: 3 };

test('each step counts once, whether updates are sent as they are or in fewer bits', async () => {
  const first = join((await rig.initialize(LINEAR, data)).outputs, 'weights.npz');
  for (const compress of ['none', 'int8'] as const) {
    let weights = first;
    const kept: (string | undefined)[] = [undefined, undefined];
    for (const round of [1, 2, 3]) {
      const context = { ...STEPS, round, compress, overlap: 2 };
      const shards: Ran[] = [];
      for (const shard of [0, 1]) {
        const before = kept[shard];
        const given = { data, weights, shard, context, ...(before && { kept: before }) };
        const one = await rig.train(LINEAR, given);
        assert.equal(done(one).handedInEarly, round < 3, 'the last round has none to come after it');
        kept[shard] = join(one.outputs, 'kept.npz');
        shards.push(one);
      }
      const updates = shards.map(({ outputs }) => ({ file: join(outputs, 'update.npz'), samples: 32 }));
      const merged = await rig.merge(LINEAR, { weights, updates, merge: { compress } });
      done(merged);
      weights = join(merged.outputs, 'weights.npz');
      // In the first two rounds two steps of five are not in it yet.
      await rig.python(
        `import pilot_steps
plans = [pilot_steps.Steps(32, 8, [7, shard]) for shard in range(2)]
made = sum(1.0 + plan.at(step)[2][0] for plan in plans for step in range(${round < 3 ? 5 * round - 2 : 15})) / 2
assert np.load(${JSON.stringify(weights)})["w"].tolist() == [127 * made, -127 * made, 127 * made, 0]`,
      );
    }
  }
});

/** What each shard keeps for itself, what is merged, and chance; no sums whose order hangs on where arrays lie. */
const KEEPING = `import time
import numpy as np
import pilot
X, y = pilot.data()
model = pilot.weights({"w": np.zeros(4), "n": np.zeros(2, int), "bn.running_mean": np.zeros(2)})
w, momentum, moments = model["w"], np.zeros(4), {"v": np.zeros(4)}
pilot.keep(momentum)
pilot.keep(moments, merge="mean")
for rows in pilot.steps(1, keep=[model], weights=lambda: model):
    momentum[:] = 0.9 * momentum + X[rows[0]] * np.random.rand()
    moments["v"] += momentum**2
    w -= 0.05 * momentum
    model["n"] += 1
    time.sleep(pilot.param("pause", 0.0))
print("end", w.tolist(), moments["v"].tolist())
pilot.finish(model)
`;
const CONTEXT: Partial<ScriptContext> = { batch: 8, shards: 1, innerSteps: 12, overlap: 8 };
const bytesOf = async ({ outputs }: Ran) =>
  await Promise.all(['update', 'kept', 'shared'].map((name) => readFile(join(outputs, `${name}.npz`))));

test('a shard that is taken back among its last steps, or is run twice, comes to the same bytes', async () => {
  const weights = join((await rig.initialize(KEEPING, data)).outputs, 'weights.npz');
  const before = await rig.train(KEEPING, { data, weights, context: CONTEXT });
  assert.deepEqual([done(before).kept, done(before).shared], [2, 1]);
  const [kept, shared] = ['kept.npz', 'shared.npz'].map((name) => join(before.outputs, name)) as [
    string,
    string,
  ];
  const second = (context: Partial<ScriptContext> = {}, options = {}) =>
    rig.train(
      KEEPING,
      { data, weights, kept, shared, context: { ...CONTEXT, round: 2, ...context } },
      options,
    );
  const whole = await second();
  const [plain, again] = [await second({ overlap: 0 }), await second()];
  assert.deepEqual(await bytesOf(again), await bytesOf(whole));

  const notice = new AbortController();
  const onProgress = ({ detail }: { detail: string }) => {
    if (/^Step ([5-9]|1\d)/.test(detail)) notice.abort();
  };
  const slow = { params: { pause: 0.2 } };
  const first = await second(slow, { notice: notice.signal, onProgress });
  assert.ok(!first.outcome.ok && first.outcome.checkpoint !== undefined, failed(first));
  const rest = await second({}, { checkpoint: first.outcome.checkpoint.path });
  assert.match(rest.outcome.log, /goes on after step ([5-9]|1[01]) of 12/);
  assert.deepEqual(await bytesOf(rest), await bytesOf(whole));

  // What the shard has come to by its end is what it handed in and what it kept, to a 254th of the latter.
  await rig.python(
    `import pilot_state
from pilot_worker import deltas
start, sent, later = [np.load(path) for path in ${JSON.stringify([weights, ...[whole, plain].map(({ outputs }) => join(outputs, 'update.npz'))])}]
saved = pilot_state.Saved(${JSON.stringify(join(whole.outputs, 'kept.npz'))})
ahead = deltas.decoded(saved.last(), "w", (4,))
end = json.loads(${JSON.stringify(whole.outcome.log.match(/end (\[.*?\])/)?.[1] ?? '')})
assert saved.about["left"] and np.abs(ahead).max() > 0
assert np.abs(sent["w"] + ahead - end).max() <= np.abs(ahead).max() / 250
assert not np.array_equal(sent["w"], later["w"])
assert sent["n"].tolist() == [4, 4] and later["n"].tolist() == [12, 12]
assert "int8/n" not in saved.last() and "int8/bn.running_mean" not in saved.last()`,
  );
});

/** Adam's moments are handed in as those of the whole batch, and the shard goes on with its own. */
const TORCH = `import numpy as np
import pilot
import torch
X, y = pilot.data()
X, y = torch.from_numpy(X).float(), torch.from_numpy(np.asarray(y)).float()
torch.manual_seed(1)
model = torch.nn.Linear(4, 1)
model.load_state_dict(pilot.weights(model.state_dict()))
model = pilot.model(model)
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
pilot.keep(optimizer, merge="mean")
for rows in pilot.steps(1):
    optimizer.zero_grad()
    (X[rows] @ model.weight[0] - y[rows]).pow(2).mean().backward()
    optimizer.step()
print("end", [round(one, 6) for one in model.weight[0].tolist()])
pilot.finish(model.state_dict())
`;

test('a model that was given to pilot.model needs no more lines, and its last steps are those of any round', async () => {
  const weights = join((await rig.initialize(TORCH, data)).outputs, 'weights.npz');
  const ends: (string | undefined)[] = [];
  for (const overlap of [0, 4]) {
    const one = await rig.train(TORCH, { data, weights, context: { ...CONTEXT, shards: 4, overlap } });
    assert.equal(done(one).handedInEarly, overlap > 0);
    ends.push(/^end.*$/m.exec(one.outcome.log)?.[0]);
  }
  assert.equal(ends[0], ends[1]);
});

test('a script that does not say what its weights are, or counts rows, is told so before it trains', async () => {
  const weights = join((await rig.initialize(LINEAR, data)).outputs, 'weights.npz');
  const told = async (from: string, to: string) =>
    failed(await rig.train(LINEAR.replace(from, to), { data, weights, context: { ...STEPS, overlap: 2 } }));
  const given = ', weights=lambda: {"w": w}';
  assert.match(
    await told(given, ''),
    /line 5: .*\(--overlap\).*Name them in its loop.*pilot\.steps\(1, weights=model\.state_dict\)/,
  );
  assert.match(await told(given, ', weights={"w": w}'), /give a function, as in weights=model\.state_dict/);
  assert.match(
    await told(given, ', weights=lambda: {"v": w}'),
    /pilot\.steps: weights: the array "w" is missing/,
  );
  assert.match(
    await told('finish({"w": w})', 'finish({"w": w}, seen={"w": np.ones(4)})'),
    /seen counts the rows of a whole round.*Leave one of the two out/,
  );
});
