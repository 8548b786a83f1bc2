import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { execa } from 'execa';
import { PYTHON } from './fixtures/rig.ts';
import { PILOT_FOLDER } from './python.ts';

const root = await mkdtemp(join(tmpdir(), 'pilot-data-'));
after(() => rm(root, { recursive: true, force: true }));

/** Runs a script as its author does on his own machine; what it printed last. */
async function alone(script: string, env: Record<string, string> = {}): Promise<string> {
  const { stdout, stderr } = await execa(
    PYTHON,
    ['-B', '-c', `import numpy as np\nimport pilot\n${script}`],
    { cwd: root, env: { PYTHONPATH: PILOT_FOLDER, ...env }, reject: false },
  );
  return stdout === '' ? (stderr.trim().split('\n').at(-1) ?? '') : stdout;
}

test('several files are read as one, and another is measured on', async () => {
  await alone(`
import json, os, zipfile
def npz(name, start, labels, names=("X", "y")):
    np.savez(name, **{names[0]: np.arange(start, start + len(labels)), names[1]: np.array(labels)})
npz("a.npz", 0, ["cat", "dog"])
npz("b.npz", 10, ["horse", "cat"])
npz("t.npz", 20, ["dog"], ("X_test", "y_test"))
for name, rows in ("a.jsonl", [[0, "cat"], [1, "dog"]]), ("b.jsonl", [[10, "horse"], [11, "cat"]]), ("t.jsonl", [[20, "dog"]]):
    with open(name, "w") as file:
        file.writelines(json.dumps({"X": n, "label": label}) + "\\n" for n, label in rows)
for name, paths in ("a.zip", ["cat/0", "dog/1"]), ("b.zip", ["horse/10", "cat/11"]), ("t.zip", ["dog/20"]):
    with zipfile.ZipFile(name, "w") as archive:
        for path in paths:
            archive.writestr(path, path)
`);
  const script = `
import os
rows = pilot.data("a.%s" % kind, "b.%s" % kind)
if kind == "jsonl":
    rows = [row["X"] for row in rows], [pilot.classes.index(row["label"]) for row in rows]
if kind == "zip":
    rows = [int(os.path.basename(path)) for path in rows[0]], rows[1]
print(sorted((int(x), pilot.classes[y]) for x, y in zip(*rows)), pilot.classes)`;
  for (const kind of ['npz', 'jsonl', 'zip']) {
    const of = `kind = ${JSON.stringify(kind)}${script}`;
    const classes = "['cat', 'dog', 'horse']";
    const all = "[(0, 'cat'), (1, 'dog'), (10, 'horse'), (11, 'cat')]";
    const env = { PILOT_TEST: `t.${kind}` };
    assert.equal(await alone(of), `${all} ${classes}`);
    assert.equal(await alone(of, env), `${all} ${classes}`);
    assert.equal(await alone(of, { ...env, PILOT_EVALUATE: '1' }), `[(20, 'dog')] ${classes}`);
    const ofOne = { ...env, PILOT_DATA: `b.${kind}`, PILOT_EVALUATE: '1' };
    assert.match(await alone(of, ofOne), /"t\.\w+" has a label that "b\.\w+" does not have: "dog"\./);
    const both = { PILOT_DATA: `a.${kind}:b.${kind}` };
    assert.equal(await alone(of, both), `${all} ${classes}`);
  }
  assert.match(
    await alone('pilot.data("a.npz", "b.jsonl")'),
    /"b\.jsonl" is a \.jsonl, and "a\.npz" a \.npz/,
  );
});

test('alone, too, the order can be kept, and the groups are no part of the data', async () => {
  await alone('np.savez("g.npz", X=np.arange(6), who=np.arange(6) // 2, y=np.arange(6) % 2)');
  const script = 'X, y = pilot.data("g.npz"); print(X.tolist(), y.tolist())';
  const env = { PILOT_GROUP: 'who', PILOT_SPLIT: 'blocks' };
  assert.equal(await alone(script, env), '[0, 1, 2, 3, 4, 5] [0, 1, 0, 1, 0, 1]');
});
