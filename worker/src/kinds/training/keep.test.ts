import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { done, failed, PYTHON, type Ran, type Rig } from './fixtures/rig.ts';
import { createRigWithData } from './fixtures/rig-with-data.ts';
import { PILOT_FOLDER } from './python.ts';

let rig: Rig;
let data: string;
before(async () => {
  ({ rig, data } = await createRigWithData(
    'np.savez(path, X=np.random.default_rng(1).normal(size=(50, 4)), y=np.arange(50) % 7 / 7)',
  ));
});
after(() => rig.close());

/** Without chance within a round: what a round brings back is all that it does not get from its weights. */
const TORCH = `import numpy as np
import pilot
import torch
X, y = pilot.data()
X, y = torch.from_numpy(X).float(), torch.from_numpy(np.asarray(y)).float()
torch.manual_seed(1)
model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Linear(8, 1))
model.load_state_dict(pilot.weights(model.state_dict()))
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, 9)
noise = torch.Generator()
seen = {"epochs": 0, "sum": np.zeros(2), "losses": []}
#KEEP
at = []
for epoch in pilot.epochs(3):
    optimizer.zero_grad()
    loss = ((model(X)[:, 0] - y + 0.1 * torch.rand(1, generator=noise)) ** 2).mean()
    loss.backward()
    optimizer.step()
    scheduler.step()
    seen["epochs"] += 1
    seen["sum"] += seen["epochs"]
    seen["losses"].append(loss.item())
    at.append((pilot.epoch, round(pilot.progress, 4)))
print("at", at, "then", pilot.epoch, pilot.progress)
pilot.finish(model.state_dict(), metrics={"epochs": seen["epochs"], "sum": float(seen["sum"].sum()), "losses": len(seen["losses"])})
`;
const KEEPING = TORCH.replace('#KEEP', 'pilot.keep(optimizer, scheduler, None, noise, seen)');

/** Three rounds of one shard, each from what the one before left. */
async function rounds(script: string): Promise<Ran[]> {
  const ran: Ran[] = [];
  let weights = join((await rig.initialize(script, data)).outputs, 'weights.npz');
  for (let round = 1; round <= 3; round += 1) {
    const before = ran.at(-1);
    const left = before?.outcome.ok ? before.outcome.files.find(({ name }) => name === 'kept-0') : undefined;
    const context = { round, rounds: 3, epoch: 3 * (round - 1) };
    const kept = left === undefined ? {} : { kept: left.path };
    const one = await rig.train(script, { data, weights, context, ...kept });
    assert.ok(one.outcome.ok, failed(one));
    weights = join(one.outputs, 'update.npz');
    ran.push(one);
  }
  return ran;
}

test('rounds of one shard that keeps its optimizer come to the very weights that one machine comes to', async () => {
  const ran = await rounds(KEEPING);
  const last = ran.at(-1) as Ran;
  assert.deepEqual(done(last).metrics, { epochs: 9, sum: 90, losses: 9 });
  assert.deepEqual([done(last).kept, done(last).epochs, done(last).optimizers], [4, 3, []]);
  const script = join(rig.root, 'alone.py');
  await writeFile(script, KEEPING);
  const env = {
    PYTHONPATH: PILOT_FOLDER,
    PILOT_DATA: data,
    PILOT_ROUNDS: '3',
    OMP_NUM_THREADS: '1',
    PILOT_SEED: '7',
  };
  const { stdout } = await execa(PYTHON, ['-B', script], { cwd: rig.root, env });
  await rig.python(
    `a, b = np.load("model.npz"), np.load(${JSON.stringify(join(last.outputs, 'update.npz'))})
assert a.files == b.files and all((a[n] == b[n]).all() for n in a.files)`,
  );
  const told = /\[(.*)\]/.exec(stdout)?.[1];
  const farm = ran.map(({ outcome }) => /\[(.*)\]/.exec(outcome.log)?.[1]).join(', ');
  assert.equal(farm, told, 'epoch and progress are others than alone');
  assert.match(last.outcome.log, /then 9 1\.0/);
});

test('without it they do not, and the names of what begins anew are told', async () => {
  const [first] = await rounds(TORCH);
  assert.ok(first !== undefined);
  assert.deepEqual(done(first).optimizers, ['Adam', 'OneCycleLR']);
  assert.deepEqual(
    [done(first).kept, first.outcome.ok && first.outcome.files.map(({ name }) => name)],
    [0, ['update', 'log']],
  );
  const plain = TORCH.replace('Adam(', 'SGD(').replace(/scheduler.*\n/g, '\n');
  const [sgd] = await rounds(plain);
  assert.ok(sgd !== undefined);
  assert.deepEqual(done(sgd).optimizers, [], 'SGD has nothing to lose');
  assert.deepEqual(
    [first, sgd].map((ran) => done(ran).unrated),
    [false, true],
    'and a rate of the whole batch',
  );
});

test('a scikit-learn network keeps its moments, and its coefficients are those of the merge', async () => {
  const script = `import warnings
import numpy as np
import pilot
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import StandardScaler
warnings.simplefilter("ignore")
X, y = pilot.data()
scaler = StandardScaler()
net = MLPRegressor([5], random_state=np.random.RandomState(3), batch_size=50)
net.partial_fit(X[:2] * 0, y[:2])
start = pilot.weights({"w": net.coefs_, "b": net.intercepts_})
pilot.keep({"net": net, "scaler": scaler})
net.coefs_, net.intercepts_ = [w.copy() for w in start["w"]], [b.copy() for b in start["b"]]
for epoch in pilot.epochs(3):
    scaler.partial_fit(X)
    net.partial_fit(X, y)
pilot.finish({"w": net.coefs_, "b": net.intercepts_}, metrics={"t": net._optimizer.t, "steps": net.t_, "seen": scaler.n_samples_seen_})
`;
  const ran = await rounds(script);
  // The step on nothing before the training is not among them after the first round.
  const metrics = ran.map((one) => done(one).metrics);
  assert.deepEqual(metrics, [
    { t: 4, steps: 152, seen: 150 },
    { t: 7, steps: 302, seen: 300 },
    { t: 10, steps: 452, seen: 450 },
  ]);
});

test('the model itself, and what is no state, are refused with what to do', async () => {
  const weights = join((await rig.initialize(TORCH, data)).outputs, 'weights.npz');
  const told = async (keep: string) =>
    failed(await rig.train(TORCH.replace('#KEEP', keep), { data, weights }));
  const merged =
    /script-error: script.py line 13: ValueError: pilot\.keep: Sequential holds the weights that are merged/;
  assert.match(await told('pilot.keep(optimizer, model)'), merged);
  assert.match(await told('pilot.keep({"copy": model.state_dict()})'), /it went well/);
  assert.match(await told('pilot.keep(lambda: 0)'), /TypeError: pilot\.keep: function cannot be kept/);
  assert.match(
    await told('pilot.keep({"a": open(__file__)})'),
    /TypeError: pilot\.keep: TextIOWrapper cannot/,
  );
});

const MERGED = `import numpy as np
import pilot
X, y = pilot.data()
w = pilot.weights({"w": np.zeros(3)})["w"]
inner = {"moment": np.zeros(3), "steps": 0, "best": float("inf"), "on": False}
own = {"shard": -1}
pilot.keep(own)
pilot.keep(inner, merge="mean")
print("from", inner["moment"].tolist(), inner["steps"], inner["best"], inner["on"], own["shard"])
for epoch in pilot.epochs(1):
    inner["moment"] += pilot.shard + 1
    inner["steps"] += 5 * (pilot.shard + 1)
    inner["best"] = 2.0 ** pilot.shard
    inner["on"] = pilot.shard > 0
    own["shard"] = pilot.shard
    #MORE
pilot.finish({"w": w}, samples=10 * (1 + pilot.shard))
`;

/** One round of three shards, and the merge of what they keep. */
async function roundOfThree(script: string, shared?: string, kept: string[] = []) {
  const weights = join((await rig.initialize(script, data)).outputs, 'weights.npz');
  const shards: Ran[] = [];
  for (const shard of [0, 1, 2]) {
    const from = { ...(shared && { shared }), ...(kept[shard] && { kept: kept[shard] }) };
    const one = await rig.train(script, { data, weights, shard, context: { shards: 3 }, ...from });
    assert.ok(one.outcome.ok, failed(one));
    shards.push(one);
  }
  const updates = shards.map(({ outputs }, shard) => ({
    file: join(outputs, 'update.npz'),
    samples: 10 * (1 + shard),
    state: join(outputs, 'shared.npz'),
  }));
  return { shards, merge: (merge = {}) => rig.merge(script, { weights, updates, merge }) };
}

test("what is kept to be merged goes on from its mean on every shard, counts from their largest; the rest stays the shard's", async () => {
  const first = await roundOfThree(MERGED);
  assert.deepEqual([done(first.shards[0] as Ran).kept, done(first.shards[0] as Ran).shared], [1, 1]);
  const merged = await first.merge();
  assert.ok(merged.outcome.ok, failed(merged));
  assert.deepEqual(
    merged.outcome.files.map(({ name }) => name),
    ['weights', 'shared'],
  );
  const kept = first.shards.map(({ outputs }) => join(outputs, 'kept.npz'));
  const second = await roundOfThree(MERGED, join(merged.outputs, 'shared.npz'), kept);
  const told = second.shards.map(({ outcome }) => /from (.*)/.exec(outcome.log)?.[1]);
  // (10 * 1 + 20 * 2 + 30 * 3) / 60, and the same of 1, 2 and 4.
  const mean = (shard: number) =>
    `[${Array(3).fill(7 / 3)}] 15 ${17 / 6} True ${shard}`.replaceAll(',', ', ');
  assert.deepEqual(
    told.map((line) => line?.replace(/\d\.\d{6,}/g, (one) => String(Number(one).toFixed(6)))),
    [0, 1, 2].map(mean).map((line) => line.replace(/\d\.\d{6,}/g, (one) => Number(one).toFixed(6))),
  );
  const trimmed = await roundOfThree(MERGED, join((await first.merge({ trim: 0.34 })).outputs, 'shared.npz'));
  assert.match(trimmed.shards[0]?.outcome.log ?? '', /from \[2\.0, 2\.0, 2\.0\] 10 2\.0 True -1/);
});

/** Gradients of the mean 0.5 with a known variance, for as many weights as a mean over them needs; AMSGrad beside. */
const MOMENTS = `import numpy as np
import pilot
import torch
w = torch.nn.Parameter(torch.zeros(20_000))
other = torch.nn.Parameter(torch.zeros(20_000))
pilot.weights({"w": w})
optimizer = torch.optim.Adam([{"params": [w]}, {"params": [other], "amsgrad": True}], lr=0.0)
pilot.keep(optimizer, merge="mean")
for epoch in pilot.epochs(1):
    for step in range(40):
        for one in (w, other):
            one.grad = 0.5 + torch.randn(20_000) * DEVIATION
        optimizer.step()
def moments():
    return [float(optimizer.state[one]["exp_avg_sq"].mean() / (1 - 0.999 ** optimizer.state[one]["step"])) for one in (w, other)]
before = moments()
pilot.finish({"w": w}, samples=1)
print("of", *before, *moments())
`;

test('second moments of Adam to be merged are those of the whole batch, in the first round and in the next', async () => {
  const weights = join(
    (await rig.initialize(MOMENTS.replace('DEVIATION', '1'), data)).outputs,
    'weights.npz',
  );
  const spent = async (deviation: number, batch: number, shared?: string) => {
    const script = MOMENTS.replace('DEVIATION', String(deviation));
    const context = { batch, wholeBatch: 32 };
    const ran = await rig.train(script, { data, weights, context, ...(shared && { shared }) });
    const told = /of (.*)/.exec(ran.outcome.log)?.[1];
    assert.ok(ran.outcome.ok && told !== undefined, failed(ran));
    return { shared: join(ran.outputs, 'shared.npz'), v: told.split(' ').map(Number) };
  };
  const isAbout = (found: number | undefined, wanted: number) =>
    assert.ok(found !== undefined && Math.abs(found / wanted - 1) < 0.03, `${found} is not about ${wanted}`);

  const first = await spent(1, 8);
  isAbout(first.v[0], 0.25 + 1);
  isAbout(first.v[2], 0.25 + 1 / 4);
  isAbout(first.v[3], 0.25 + 1); // AMSGrad divides by the largest there was
  const second = await spent(2, 8, first.shared);
  isAbout(second.v[2], 0.25 + (1 / 4 + 4 / 4) / 2);
  const whole = await spent(1, 32);
  isAbout(whole.v[2], 0.25 + 1);
});

test('what has no mean is told by its name: generators, numbers that are not finite, what differs', async () => {
  const one = async (more: string) => {
    const script = MERGED.replace('#MORE', more);
    const weights = join((await rig.initialize(script, data)).outputs, 'weights.npz');
    return failed(await rig.train(script, { data, weights }));
  };
  assert.match(
    await one('pilot.keep([np.random.default_rng(1)], merge="mean")'),
    /Generator has no mean over the shards\. Keep it in another pilot\.keep/,
  );
  assert.match(
    await one('inner["moment"][1] = np.nan'),
    /pilot\.keep: dict holds numbers that are not finite/,
  );
  assert.match(await one('pilot.keep(merge="median")'), /merge is None, or "mean", not 'median'/);
  const many = async (more: string) =>
    failed(await (await roundOfThree(MERGED.replace('#MORE', more))).merge());
  assert.match(
    await many('inner["seen"] = [1.5] * (2 + pilot.shard)'),
    /script-error: pilot\.keep\(…, merge="mean"\): thing 1\["seen"\] has another length in shard 2 than in shard 1/,
  );
  assert.match(
    await many('inner["on"] = "ab"[pilot.shard % 2]'),
    /thing 1\["on"\] is another one in shard 2/,
  );
  assert.equal(await many('if pilot.shard != 1: inner["late"] = 3'), 'it went well');
});

test('what is kept in another order than before, or damaged, is told and nothing of it is run', async () => {
  const weights = join((await rig.initialize(KEEPING, data)).outputs, 'weights.npz');
  const first = await rig.train(KEEPING, { data, weights });
  done(first);
  const kept = join(first.outputs, 'kept.npz');
  const swapped = TORCH.replace('#KEEP', 'pilot.keep(scheduler, optimizer)');
  assert.match(
    failed(await rig.train(swapped, { data, weights, kept })),
    /pilot\.keep: thing 1 is OneCycleLR here, and was Adam before/,
  );
  const evil = join(rig.root, 'evil.npz');
  await rig.python(
    `class Evil:\n    def __reduce__(self): return (print, ("run",))\nnp.savez(${JSON.stringify(evil)}, text=np.array([Evil()], dtype=object))`,
  );
  const ran = await rig.train(KEEPING, { data, weights, kept: evil });
  assert.match(failed(ran), /What the shard kept cannot be read/);
  assert.doesNotMatch(ran.outcome.log, /^run$/m);
});

test('any state comes back as it was, and a damaged or made up file is refused or read, without more', async () => {
  const script = fileURLToPath(new URL('fixtures/state-properties.py', import.meta.url));
  const seed = String(randomInt(2 ** 31));
  const ran = await execa(PYTHON, ['-B', '-W', 'ignore', script, rig.root, seed], {
    env: { PYTHONPATH: PILOT_FOLDER },
    reject: false,
  });
  assert.equal(ran.stdout, 'well', `seed ${seed}: ${ran.stderr}`);
});
