import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { levels } from '@parallel-pilot/sandbox/test-fixtures/levels.ts';
import { createRig, done, failed, type Rig } from './fixtures/rig.ts';

/** Weights of every type, each moved by what its shard is told to: sums can be done by hand. */
const NUMPY = `
import numpy as np
import pilot
X, y = pilot.data("unused")
w = pilot.weights({"w": np.zeros((2, 3), np.float32), "n": np.array(0), "on": np.array([True, False]), "file": np.ones(1)})
print("round", pilot.round, "of", pilot.rounds, "shard", pilot.shard, "of", pilot.shards, "batch", pilot.batch)
for epoch in pilot.epochs(4):
    w["w"] += np.float32(pilot.shard + 1) * np.arange(6, dtype=np.float32).reshape(2, 3) / 4
    w["n"] = w["n"] + (pilot.shard + 1)
    w["on"] = np.array([True, pilot.shard == 1])
    pilot.report(loss=1 / (epoch + 1))
pilot.finish(w, samples=[10, 30][pilot.shard], metrics={"sum": float(w["w"].sum()), "bad": float("nan")})
`;

const TORCH = `
import pilot
import torch
X, y = pilot.data("unused")
X, y = torch.tensor(X), torch.tensor(y)
model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.Linear(8, 2))
model.load_state_dict(pilot.weights(model.state_dict()))
optimizer = torch.optim.SGD(model.parameters(), lr=pilot.param("lr", 0.1))
for epoch in pilot.epochs(3):
    loss = torch.nn.functional.cross_entropy(model(X), y)
    optimizer.zero_grad(); loss.backward(); optimizer.step()
    pilot.report(loss=loss)
model.eval()
pilot.finish(model.state_dict(), metrics={"accuracy": (model(X).argmax(1) == y).float().mean()})
`;

for (const sandbox of await levels()) {
  let rig: Rig;
  let data: string;
  before(async () => {
    rig = await createRig(sandbox);
    data = join(rig.root, 'data.npz');
    await rig.python(`
r = np.random.default_rng(0)
X = r.normal(size=(60, 4)).astype(np.float32)
np.savez(${JSON.stringify(data)}, y=(X[:, 0] > 0).astype(np.int64), X=X)`);
  });
  after(() => rig.close());

  test(`numpy weights of every type go through all stages as if reckoned by hand (sandbox: ${sandbox.level})`, async () => {
    const first = await rig.initialize(NUMPY, data);
    assert.deepEqual(without(done(first), 'seconds'), { parameters: 10, started: null, once: 0 });
    const weights = join(first.outputs, 'weights.npz');
    const updates = [];
    for (const shard of [0, 1]) {
      const ran = await rig.train(NUMPY, { data, weights, shard });
      const result = done(ran) as Record<'history' | 'metrics' | 'params' | 'notFinite', unknown> & {
        samples: number;
      };
      assert.deepEqual(result.history, [
        { at: 0.25, values: { loss: 1 } },
        { at: 0.5, values: { loss: 1 / 2 } },
        { at: 0.75, values: { loss: 1 / 3 } },
        { at: 1, values: { loss: 1 / 4 } },
      ]);
      assert.deepEqual(result.metrics, { sum: 15 * (shard + 1) });
      assert.deepEqual([result.params, result.notFinite], [[], ['bad']]);
      const { log } = ran.outcome;
      assert.match(log, new RegExp(`round 1 of 3 shard ${shard} of 2 batch 16`));
      assert.match(log, /pilot.finish: bad is nan; it is left out/);
      assert.deepEqual(ran.outcome.ok && ran.outcome.files.map((file) => file.name), ['update', 'log']);
      assert.equal(ran.progress.at(-1)?.fraction, 1);
      assert.equal(ran.progress.at(-1)?.values?.loss, 0.25);
      updates.push({ file: join(ran.outputs, 'update.npz'), samples: result.samples });
    }
    const merged = await rig.merge(NUMPY, { weights, updates, holdout: data });
    assert.deepEqual(without(done(merged), 'seconds'), {
      metrics: { sum: 15 * 1.75 },
      learned: null,
      parameters: 10,
      shown: [],
    });
    await rig.python(`
old, new = np.load(${JSON.stringify(weights)}), np.load(${JSON.stringify(join(merged.outputs, 'weights.npz'))})
assert sorted(new.files) == ["file", "n", "on", "w"], new.files
for name in new.files: assert new[name].dtype == old[name].dtype and new[name].shape == old[name].shape, name
np.testing.assert_allclose(new["w"], 1.75 * np.arange(6).reshape(2, 3))
assert new["n"] == 7, new["n"]
assert new["on"].tolist() == [True, True], new["on"]
import zipfile
assert all(one.compress_type == zipfile.ZIP_STORED for one in zipfile.ZipFile(${JSON.stringify(join(merged.outputs, 'weights.npz'))}).infolist())`);
    const end = await rig.evaluate(NUMPY, {
      weights: join(merged.outputs, 'weights.npz'),
      holdout: data,
    });
    assert.deepEqual(without(done(end), 'seconds'), {
      metrics: { sum: 15 * 1.75 },
      samples: null,
      exported: null,
    });
  });

  test(`a torch state dict goes through all stages, its counters and all (sandbox: ${sandbox.level})`, async () => {
    const first = await rig.initialize(TORCH, data);
    const again = await rig.initialize(TORCH, data);
    const weights = join(first.outputs, 'weights.npz');
    const updates = [];
    for (const shard of [0, 1]) {
      const ran = await rig.train(TORCH, { data, weights, shard, context: { params: { lr: 0.1 + shard } } });
      assert.equal(done(ran).samples, 60);
      updates.push({ file: join(ran.outputs, 'update.npz'), samples: 60 });
    }
    const merged = await rig.merge(TORCH, { weights, updates, holdout: data });
    const measured = done(merged).metrics as Record<string, number>;
    assert.ok((measured.accuracy ?? 0) > 0.6, JSON.stringify(measured));
    const final = join(merged.outputs, 'weights.npz');
    const end = await rig.evaluate(TORCH, { weights: final, holdout: data });
    assert.deepEqual(done(end).metrics, measured);
    const names = ['first', 'again', 'merged', 'a', 'b'];
    const files = [weights, join(again.outputs, 'weights.npz'), final, ...updates.map((one) => one.file)];
    await rig.python(`
import torch
files = dict(zip(${JSON.stringify(names)}, map(np.load, ${JSON.stringify(files)})))
model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.Linear(8, 2))
model.load_state_dict({name: torch.from_numpy(array) for name, array in files["merged"].items()})
for name, tensor in model.state_dict().items():
    a, b, merged = files["a"][name], files["b"][name], files["merged"][name]
    assert np.array_equal(files["first"][name], files["again"][name]), name + " is not the same first weight twice"
    assert not np.array_equal(a, b) or a.dtype.kind == "i", name + " is the same on both shards"
    expected = (a.astype(float) + b) / 2
    if name == "1.running_var":
        apart = (files["a"]["1.running_mean"].astype(float) - files["b"]["1.running_mean"]) / 2
        assert (apart**2).max() > 1e-5, apart
        expected += apart**2
    np.testing.assert_allclose(merged, expected, rtol=1e-6, atol=1e-7)
    assert np.array_equal(tensor.numpy(), merged) and tensor.numpy().dtype == a.dtype, name`);
  });

  test(`a model in bfloat16 is trained, merged and measured (sandbox: ${sandbox.level})`, async () => {
    const script = `
import pilot
import torch
X, y = pilot.data("unused")
model = torch.nn.Linear(3, 2).to(torch.bfloat16)
model.load_state_dict(pilot.weights(model.state_dict()))
for epoch in pilot.epochs(1):
    with torch.no_grad():
        for weight in model.parameters(): weight += 0.37 * (pilot.shard + 1)
pilot.finish(model.state_dict(), samples=[10, 31][pilot.shard], metrics={"first": model.weight[0, 0].item()})
`;
    const first = await rig.initialize(script, data);
    const weights = join(first.outputs, 'weights.npz');
    const updates = [];
    for (const shard of [0, 1]) {
      const ran = await rig.train(script, { data, weights, shard });
      const { samples } = done(ran) as { samples: number };
      updates.push({ file: join(ran.outputs, 'update.npz'), samples });
    }
    // The mean of two numbers in bfloat16 is none: the script has less of it than the merge.
    const merged = await rig.merge(script, { weights, updates, holdout: data });
    done(merged);
    const changing = script.replace('for epoch in pilot.epochs(1)', 'for epoch in range(1)');
    const outcome = await rig.merge(changing, { weights, updates, holdout: data });
    assert.match(failed(outcome), /changed the weights while the merged model was only being measured/);
  });

  test(`updates are clipped, count alike, and get noise that belongs to that (sandbox: ${sandbox.level})`, async () => {
    const path = (name: string) => join(rig.root, `private-${name}.npz`);
    await rig.python(`
shape = (200, 100)
for name, change in (("base", 0.0), ("small", 3.0 / np.sqrt(20_000)), ("large", 40.0 / np.sqrt(20_000))):
    np.savez(${JSON.stringify(path('NAME'))}.replace("NAME", name), w=1 + np.full(shape, change), n=np.array(4 if name == "base" else 9))`);
    // The second has far more rows, and must not count more for it.
    const updates = [
      { file: path('small'), samples: 10 },
      { file: path('large'), samples: 1_000 },
    ];
    const merged = async (merge: { clip: number; noise: number; of: number }) =>
      join((await rig.merge(NUMPY, { weights: path('base'), updates, merge })).outputs, 'weights.npz');
    // Of norm 3, and of norm 40 brought to 5, over four shards of which two are missing.
    const [plain, noised, again] = [
      await merged({ clip: 5, noise: 0, of: 4 }),
      await merged({ clip: 5, noise: 2, of: 4 }),
      await merged({ clip: 5, noise: 2, of: 4 }),
    ];
    await rig.python(`
plain, noised, again = (np.load(one) for one in ${JSON.stringify([plain, noised, again])})
np.testing.assert_allclose(plain["w"], 1 + (3 + 5) / 4 / np.sqrt(20_000))
assert plain["n"] == noised["n"] == 4, "what cannot be noised stays"
noise = noised["w"] - plain["w"]
# 2 * 5 / 4, of 20,000 numbers: 1 % is two standard errors, so 4 %.
assert abs(noise.std() / 2.5 - 1) < 0.04 and abs(noise.mean()) < 0.1, (noise.std(), noise.mean())
assert not np.array_equal(noised["w"], again["w"]), "the same noise twice"`);
  });

  test(`the outer step is torch's SGD with Nesterov momentum, over two rounds (sandbox: ${sandbox.level})`, async () => {
    const path = (name: string) => join(rig.root, `outer-${name}.npz`);
    await rig.python(`
r = np.random.default_rng(1)
for name in ("w", "a", "b", "c", "d"):
    np.savez(${JSON.stringify(path('NAME'))}.replace("NAME", name), w=r.normal(size=(5, 7)), n=np.array([4, 5]))`);
    const merge = { merge: 'outer', outerLr: 0.7, outerMomentum: 0.9 } as const;
    const one = await rig.merge('', {
      weights: path('w'),
      updates: [
        { file: path('a'), samples: 1 },
        { file: path('b'), samples: 3 },
      ],
      merge,
    });
    assert.equal(done(one).metrics, null);
    const two = await rig.merge('', {
      weights: join(one.outputs, 'weights.npz'),
      momentum: join(one.outputs, 'momentum.npz'),
      updates: [
        { file: path('c'), samples: 1 },
        { file: path('d'), samples: 1 },
      ],
      merge,
    });
    done(two);
    await rig.python(`
import torch
w = torch.nn.Parameter(torch.tensor(np.load(${JSON.stringify(path('w'))})["w"]))
optimizer = torch.optim.SGD([w], lr=0.7, momentum=0.9, nesterov=True)
load = lambda name: np.load(${JSON.stringify(path('NAME'))}.replace("NAME", name))["w"]
for mean in (load("a") / 4 + load("b") * 3 / 4, (load("c") + load("d")) / 2):
    w.grad = w.detach() - torch.tensor(mean)
    optimizer.step()
new = np.load(${JSON.stringify(join(two.outputs, 'weights.npz'))})
np.testing.assert_allclose(new["w"], w.detach().numpy(), rtol=1e-12)
assert new["n"].tolist() == [4, 5]`);
  });

  test(`the outer step keeps variances positive, large integers whole and float16 exact (sandbox: ${sandbox.level})`, async () => {
    const path = (name: string) => join(rig.root, `special-${name}.npz`);
    await rig.python(`
ends = np.array([2**63 - 1, -(2**63), 2**53 + 1])
for name, s, v in (("w", 1, 1), ("a", 2, 0.05), ("b", 4, 0.15)):
    np.savez(${JSON.stringify(path('NAME'))}.replace("NAME", name), **{
        "s": np.float32(s), "1.running_var": np.float32([v, v]), "ends": ends, "u": np.array(2**64 - 1, np.uint64),
        "count": np.int8(s), "empty": np.zeros((0, 3)), "a/b": np.float16([1 + v / 100])})`);
    const updates = ['a', 'b'].map((name) => ({ file: path(name), samples: 1 }));
    for (const trim of [0, 0.45]) {
      const three = trim === 0 ? updates : [...updates, { file: path('b'), samples: 1 }];
      const ran = await rig.merge('', {
        weights: path('w'),
        updates: three,
        merge: { merge: 'outer', trim },
      });
      done(ran);
      await rig.python(`
old, b = (np.load(${JSON.stringify(path('NAME'))}.replace("NAME", name)) for name in ("w", "b"))
new = np.load(${JSON.stringify(join(ran.outputs, 'weights.npz'))})
momentum = np.load(${JSON.stringify(join(ran.outputs, 'momentum.npz'))})
s, v, count = ${trim === 0 ? '3, 0.1, 3' : '4, 0.15, 4'}
np.testing.assert_allclose(new["s"], 1 + 1.3 * (s - 1), rtol=1e-6)
np.testing.assert_allclose(new["1.running_var"], v, rtol=1e-6)
assert new["ends"].tolist() == old["ends"].tolist() and new["u"] == old["u"], (new["ends"], new["u"])
assert new["count"] == count and new["empty"].shape == (0, 3)
assert all(new[name].dtype == old[name].dtype and new[name].shape == old[name].shape for name in old.files)
assert sorted(momentum.files) == ["a/b", "empty", "s"] and momentum["a/b"].dtype == np.float32
`);
    }
  });

  test(`a trimmed mean leaves out the largest and the smallest of every weight (sandbox: ${sandbox.level})`, async () => {
    const path = (name: string) => join(rig.root, `trim-${name}.npz`);
    await rig.python(`
np.savez(${JSON.stringify(path('w'))}, w=np.zeros(3))
for name, w in dict(a=[1, 9, 5], b=[2, 1, 6], c=[1e9, 2, 7], d=[4, 3, -1e9]).items():
    np.savez(${JSON.stringify(path('NAME'))}.replace("NAME", name), w=np.array(w, float))`);
    const updates = ['a', 'b', 'c', 'd'].map((name, index) => ({ file: path(name), samples: index + 1 }));
    const ran = await rig.merge('', { weights: path('w'), updates, merge: { trim: 0.25 } });
    done(ran);
    await rig.python(`
new = np.load(${JSON.stringify(join(ran.outputs, 'weights.npz'))})["w"]
np.testing.assert_allclose(new, [(2 * 2 + 4 * 4) / 6, (2 * 3 + 3 * 4) / 7, (5 * 1 + 6 * 2) / 3])`);
  });
}

const without = (result: Record<string, unknown>, name: string): Record<string, unknown> =>
  Object.fromEntries(Object.entries(result).filter(([key]) => key !== name));
