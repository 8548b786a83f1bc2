import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { levels } from '@parallel-pilot/sandbox/test-fixtures/levels.ts';
import { createRig, done, failed, type Rig } from './fixtures/rig.ts';

let rig: Rig;
const parts: string[] = [];
before(async () => {
  const [sandbox] = (await levels()).slice(-1);
  assert.ok(sandbox !== undefined);
  rig = await createRig(sandbox, 1);
  for (const part of [0, 1]) {
    const path = join(rig.root, `part-${part}.npz`);
    parts.push(path);
    // Rows 0 to 3 and 10 to 13: neither shard knows the mean of both.
    await rig.python(
      `rows = np.arange(4.0) + ${part} * 10; np.savez(${JSON.stringify(path)}, X=rows[:, None], y=rows % 2)`,
    );
  }
});
after(() => rig.close());

const SCRIPT = `import numpy as np
import pilot
from sklearn.preprocessing import StandardScaler
X, y = pilot.data()
words, mean = pilot.once(lambda: ({"a": 1, "rows": len(X)}, X.mean(0)))
scaler = pilot.once(lambda: StandardScaler().fit(X))
w = pilot.weights({"w": np.zeros(words["rows"])})
metrics = {"rows": words["rows"], "mean": mean[0], "scaled": scaler.transform([[6.5]])[0, 0], "own": len(X)}
pilot.finish(w, metrics=metrics)
`;

test('what pilot.once makes of all data is the same for every shard, as arrays, dicts and scikit-learn estimators', async () => {
  const first = await rig.initialize(SCRIPT, null, {}, { parts });
  assert.equal(done(first).once, 2);
  const [weights, once] = ['weights.npz', 'once.npz'].map((name) => join(first.outputs, name));
  assert.ok(weights !== undefined && once !== undefined);
  for (const [shard, data] of parts.entries()) {
    const { metrics } = done(await rig.train(SCRIPT, { data, weights, once, shard }));
    assert.deepEqual(metrics, { rows: 8, mean: 6.5, scaled: 0, own: 4 });
  }
});

test('what cannot be handed on, or is made only now and then, is said', async () => {
  const begun = (lines: string, options: Parameters<Rig['initialize']>[3] = { parts }) =>
    rig.initialize(`import numpy as np\nimport pilot\nX, y = pilot.data()\n${lines}`, null, {}, options);
  const weights = 'w = pilot.weights({"w": np.zeros(1)})\n';
  assert.match(
    failed(await begun(`pilot.once(lambda: {"a": {1, 2}})\n${weights}`)),
    /script-error: .*pilot\.once: set cannot be handed to other workers/,
  );
  const late = `${weights}v = pilot.once(lambda: 1)\npilot.finish(w)\n`;
  const first = await begun(late);
  assert.equal(done(first).once, 0);
  const script = `import numpy as np\nimport pilot\nX, y = pilot.data()\n${late}`;
  const data = parts[0] ?? '';
  const trained = await rig.train(script, { data, weights: join(first.outputs, 'weights.npz') });
  assert.match(failed(trained), /pilot\.once was called 0 times before pilot\.weights/);
});

test('a script whose pilot.once the farm did not see is not given a shard for the whole', async () => {
  const script = `import numpy as np\nimport pilot\npilot.data()\npilot.once(dict)\npilot.weights([np.zeros(1)])\n`;
  assert.match(failed(await rig.initialize(script, parts[0] ?? '')), /only a shard of the data is here/);
});

test('alone it is called there and then', async () => {
  const { stdout } = await rig.python('import pilot; print(pilot.once(lambda: 3), pilot.once(list))');
  assert.equal(stdout, '3 []');
});
