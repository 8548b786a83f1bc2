import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { execa } from 'execa';
import { PYTHON } from './fixtures/rig.ts';
import { PILOT_FOLDER } from './python.ts';

const root = await mkdtemp(join(tmpdir(), 'pilot-alone-'));
after(() => rm(root, { recursive: true, force: true }));

/** Runs a script as its author does on his own machine: no farm far and wide. */
async function alone(script: string, env: Record<string, string> = {}): Promise<string> {
  const { stdout } = await execa(PYTHON, ['-B', '-c', `import numpy as np\nimport pilot\n${script}`], {
    cwd: root,
    env: { PYTHONPATH: PILOT_FOLDER, ...env },
  });
  return stdout;
}
const said = async (script: string, env?: Record<string, string>): Promise<string> =>
  await alone(script, env).then(
    (out) => out,
    (error: { stderr: string }) => error.stderr.trim().split('\n').at(-1) ?? '',
  );
const write = async (name: string, text: string): Promise<void> => await writeFile(join(root, name), text);

test('a script trains alone, and writes its model and its metrics', async () => {
  await alone('np.savez("train.npz", y=np.arange(6) % 3, X=np.arange(12).reshape(6, 2))');
  const script = `
X, y = pilot.data("train.npz")
assert X.shape == (6, 2) and (X[:, 0] // 2 % 3 == y).all() and y.tolist() != [0, 1, 2, 0, 1, 2]
w = pilot.weights({"w": np.zeros(2, np.float32)})
for epoch in pilot.epochs(3):
    w["w"] += 1
    pilot.report(loss=1 / (1 + epoch))
assert (pilot.shard, pilot.shards, pilot.round, pilot.rounds, pilot.batch) == (0, 1, 1, 1, 8)
assert pilot.param("lr", 0.1) == 0.5 and pilot.classes == ["0", "1", "2"] and pilot.deadline is None
pilot.finish(w, metrics={"accuracy": np.float32(0.5)})`;
  const env = {
    PILOT_ROUNDS: '2',
    PILOT_BATCH: '8',
    PILOT_PARAM_LR: '0.5',
    PILOT_METRICS: 'metrics.json',
    PILOT_OUT: 'out',
  };
  assert.match(await alone(script, env), /^pilot: accuracy 0\.5 \(6 samples, /);
  const metrics = JSON.parse(await readFile(join(root, 'metrics.json'), 'utf8'));
  assert.deepEqual({ ...metrics, seconds: 0 }, { metrics: { accuracy: 0.5 }, samples: 6, seconds: 0 });
  assert.equal(await alone('w = np.load("out/model.npz")["w"]; print(w, w.dtype)'), '[6. 6.] float32');
});

test('a model made earlier can be measured, on other data, without being trained', async () => {
  await alone(
    'np.savez("test.npz", X=np.ones((4, 2)), y=np.ones(4))\nnp.savez("start.npz", w=np.array([7.0]))',
  );
  const script = `
X, y = pilot.data("train.npz")
w = pilot.weights({"w": np.zeros(1)})
for epoch in pilot.epochs(3): w["w"] += 1
pilot.finish(w, metrics={"w": w["w"][0]})`;
  const env = { PILOT_DATA: 'test.npz', PILOT_WEIGHTS: 'start.npz', PILOT_EVALUATE: '1' };
  assert.match(
    await alone(script, env),
    /^pilot: starts from start\.npz: 1 of 1 arrays\npilot: w 7 \(4 samples/,
  );
});

test('no step is left with a single row, by pilot.batch or by pilot.batches', async () => {
  const script = `
import torch
bad = []
for rows in range(2, 70):
    np.savez("rows.npz", X=np.arange(rows), y=np.zeros(rows))
    for size in range(2, 40):
        pilot._run.batch = size
        pilot.data("rows.npz")
        steps = [len(step) for step in torch.randperm(rows).split(pilot.batch)]
        own = list(pilot.batches())
        free = list(pilot.batches(rows, size))
        if 1 in steps or abs(pilot.batch - size) > 5: bad.append((rows, size, pilot.batch))
        for drawn in own, free:
            if 1 in map(len, drawn) or sorted(np.concatenate(drawn)) != list(range(rows)): bad.append((rows, size))
print(bad)`;
  assert.equal(await said(script), '[]');
  const one =
    'print([len(step) for step in pilot.batches(3, 1)], [len(step) for step in pilot.batches(1, 8)])';
  assert.equal(await said(one), '[1, 1, 1] [1]');
});

test('a network with BatchNorm trains on rows that the batch does not divide', async () => {
  await alone('np.savez("odd.npz", X=np.random.rand(65, 3), y=np.arange(65) % 2)');
  const script = `
import torch
X, y = pilot.data("odd.npz")
X = torch.tensor(X, dtype=torch.float32)
model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
model.load_state_dict(pilot.weights(model.state_dict()))
for epoch in pilot.epochs(1):
    for rows in torch.randperm(len(X)).split(pilot.batch): model(X[rows])
    for rows in pilot.batches(): model(X[rows])
pilot.finish(model.state_dict(), samples=len(X))`;
  assert.match(await said(script, { PILOT_BATCH: '32' }), /^pilot: .*65 samples/);
});

test('a .csv becomes numbers and labels; what cannot be read is told by line, with what to do', async () => {
  const show =
    'X, y = pilot.data("d.csv"); order = np.argsort(X[:, 0]); print(X[order].tolist(), y[order].tolist(), y.dtype, pilot.classes)';
  await write('d.csv', 'a,kind,b\n1,cat,2\n3,dog,\n5,"cat",6\n');
  const kind = { PILOT_LABEL: 'kind' };
  assert.match(await said(show, kind), /^ValueError: Line 3 of "d\.csv" has no value in the column "b"/);
  assert.equal(
    await said(show, { ...kind, PILOT_MISSING: 'mean' }),
    "[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]] [0, 1, 0] int64 ['cat', 'dog']",
  );
  assert.equal(
    await said(show, { PILOT_ENCODE: 'kind', PILOT_MISSING: 'drop' }),
    "[[1.0, 1.0, 0.0], [5.0, 1.0, 0.0]] [2, 6] int64 ['2', '6']",
  );
});

test('a .jsonl becomes dicts, an .npz of one array that array', async () => {
  await write('d.jsonl', '{"text": "x", "label": "b"}\n\n{"text": "y", "label": "a"}\n');
  assert.equal(
    await said('d = pilot.data("d.jsonl"); print(sorted(r["text"] for r in d), pilot.classes)'),
    "['x', 'y'] ['a', 'b']",
  );
  assert.equal(
    await said('np.savez("one.npz", np.arange(4)); print(sorted(pilot.data("one.npz").tolist()))'),
    '[0, 1, 2, 3]',
  );
  assert.match(await said('np.savez("o.npz", np.array([{}])); pilot.data("o.npz")'), /allow_pickle=False/);
  assert.equal(
    await said('pilot.data("d.txt")'),
    'ValueError: pilot.data reads .npz, .csv, .jsonl and .zip, not d.txt',
  );
});

test('a .zip becomes paths and labels, and nothing of it lands outside', async () => {
  await mkdir(join(root, 'deep', 'er'), { recursive: true });
  const script = `
import os, zipfile
with zipfile.ZipFile("d.zip", "w") as file:
    for name in ("set/cat/1.txt", "set/dog/1.txt", "set/dog/2.txt", "__MACOSX/cat/1.txt", "set/.DS_Store", "readme.txt"):
        file.writestr(name, name)
    file.writestr("../../evil/x.txt", "x")
    link = zipfile.ZipInfo("set/cat/link"); link.external_attr = 0o120777 << 16
    file.writestr(link, "/etc/passwd")
paths, labels = pilot.data("d.zip")
found = sorted((os.path.basename(p), int(l), open(p).read()) for p, l in zip(paths, labels))
print(found, pilot.classes, any(os.path.islink(p) for p in paths))`;
  assert.equal(
    await said(script),
    "[('1.txt', 0, 'set/cat/1.txt'), ('1.txt', 1, 'set/dog/1.txt'), ('2.txt', 1, 'set/dog/2.txt'), ('link', 0, '/etc/passwd')] ['cat', 'dog'] False",
  );
});

test('data that comes in parts is trained on by one and measured on by the other', async () => {
  await alone(`
import zipfile
np.savez("parts.npz", x_train=np.asfortranarray(np.arange(8).reshape(4, 2)), y_train=np.array(["b", "a", "b", "a"]),
         x_test=np.zeros((2, 2)), y_test=np.array(["c", "b"]))
with zipfile.ZipFile("parts.zip", "w") as file:
    for name in ("s/README.txt", "s/train/a/1", "s/train/b/2", "s/test/a/3", "s/test/c/4", "s/val/a/5"):
        file.writestr(name, name)`);
  const npz =
    'X, y = pilot.data("parts.npz"); print(sorted(X[:, 0].tolist()), sorted(y.tolist()), pilot.classes)';
  assert.equal(await said(npz), "[0, 2, 4, 6] [0, 0, 1, 1] ['a', 'b', 'c']");
  assert.equal(await said(npz, { PILOT_EVALUATE: '1' }), "[0.0, 0.0] [1, 2] ['a', 'b', 'c']");
  const zip =
    'p, y = pilot.data("parts.zip"); print(sorted((int(one[-1]), int(label)) for one, label in zip(p, y)), pilot.classes)';
  assert.equal(await said(zip), "[(1, 0), (2, 1)] ['a', 'b', 'c']");
  assert.equal(await said(zip, { PILOT_EVALUATE: '1' }), "[(3, 0), (4, 2)] ['a', 'b', 'c']");
});

test('weights keep their container and types; bfloat16 and a list of arrays too', async () => {
  const script = `
import collections, torch
state = collections.OrderedDict(a=torch.ones(2, dtype=torch.bfloat16), n=torch.tensor(3))
given = pilot.weights(state)
assert type(given) is collections.OrderedDict and given["a"].dtype is torch.bfloat16 and given["n"].shape == ()
given["a"] += 1
assert state["a"].tolist() == [1, 1]
pilot.finish(given, samples=1)
print(np.load("model.npz")["a"].dtype)`;
  assert.equal((await said(script)).split('\n').at(-1), 'float32');
  const list =
    'w = pilot.weights([np.zeros(2), np.ones(3)]); assert type(w) is list; pilot.finish(w, samples=1); print(np.load("model.npz").files)';
  assert.equal((await said(list)).split('\n').at(-1), "['0', '1']");
});

test('weights of several models, in dicts and lists, have one name each and come back in their places', async () => {
  const script = `
import torch
G, D = torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3)
start = {"G": G.state_dict(), "D": D.state_dict(), "layers": [np.ones(2), (np.zeros(1), 5)], "plain": [1.5, 2.5]}
given = pilot.weights(start)
G.load_state_dict(given["G"]); D.load_state_dict(given["D"])
assert type(given["layers"][1]) is tuple and given["layers"][1][1] == 5 and list(given["plain"]) == [1.5, 2.5]
pilot.finish(given, samples=1)
print(" ".join(np.load("model.npz").files))`;
  assert.equal(
    (await said(script)).split('\n').at(-1),
    'G.weight G.bias D.weight D.bias D.running_mean D.running_var D.num_batches_tracked layers.0 layers.1.0 layers.1.1 plain',
  );
  assert.match(
    await said('pilot.weights({"a.b": np.ones(1), "a": {"b": np.ones(1)}})'),
    /ValueError: pilot\.weights was given two arrays that would both be called "a\.b"/,
  );
});

test('the same script draws the same numbers every time, torch’s too', async () => {
  const script =
    'import random, torch\npilot.weights({"w": np.zeros(1)})\nprint(random.random(), np.random.rand(), torch.rand(1).item())';
  assert.equal(await said(script), await said(script));
  assert.notEqual(await said(script), await said(script, { PILOT_SEED: '1' }));
});
