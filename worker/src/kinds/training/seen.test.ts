import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { done, failed, type Rig } from './fixtures/rig.ts';
import { createRigWithData } from './fixtures/rig-with-data.ts';

let rig: Rig;
let data: string;
before(async () => {
  ({ rig, data } = await createRigWithData('np.savez(path, X=np.zeros((10, 1)), y=np.arange(10))'));
});
after(() => rig.close());

/** Each shard moves all by shard + 1, and has seen row 0 with all its rows, row 1 alone, row 2 never. */
const SCRIPT = `import numpy as np
import pilot
X, y = pilot.data()
w = pilot.weights({"e": {"weight": np.ones((3, 2), np.float32)}, "b": np.zeros(2, np.float32)})
if not pilot.evaluating:
    w["e"]["weight"] += pilot.shard + 1
    w["b"] += pilot.shard + 1
pilot.finish(w, samples=1, seen=SEEN)
`;
const COUNTING = SCRIPT.replace('SEEN', '{"e.weight": [[1, 5, 0], [3, 0, 0]][pilot.shard]}');

test('rows are merged by how often each shard saw them, compressed or not, and with an outer step', async () => {
  const weights = join((await rig.initialize(COUNTING, data)).outputs, 'weights.npz');
  for (const compress of ['none', 'bf16', 'int8'] as const) {
    const updates: { file: string; samples: number }[] = [];
    for (const shard of [0, 1]) {
      const one = await rig.train(COUNTING, { data, weights, shard, context: { compress } });
      done(one);
      updates.push({ file: join(one.outputs, 'update.npz'), samples: 1 });
    }
    const outer = compress === 'none';
    const merge = outer
      ? { compress, merge: 'outer' as const, outerLr: 0.5, outerMomentum: 0 }
      : { compress };
    const merged = await rig.merge(COUNTING, { weights, updates, merge });
    done(merged);
    // Row 0: (1 * 1 + 3 * 2) / 4 from where it began, row 1 the first shard's alone, row 2 nobody's; b by samples.
    const step = outer ? 0.5 : 1;
    await rig.python(
      `m = np.load(${JSON.stringify(join(merged.outputs, 'weights.npz'))})
assert sorted(m.files) == ["b", "e.weight"], m.files
wanted = 1 + ${step} * np.array([[1.75] * 2, [1.0] * 2, [0.0] * 2])
assert np.allclose(m["e.weight"], wanted, atol=0.01) and (m["e.weight"][2] == 1).all(), m["e.weight"]
assert np.allclose(m["b"], ${step} * 1.5, atol=0.01), m["b"]`,
    );
  }
});

test('counts that are none, and jobs that have no place for them, are refused in a sentence', async () => {
  const weights = join((await rig.initialize(COUNTING, data)).outputs, 'weights.npz');
  const told = async (seen: string, countsRows = true) =>
    failed(await rig.train(SCRIPT.replace('SEEN', seen), { data, weights, context: { countsRows } }));
  assert.match(await told('{"e.weight": [1, 2]}'), /seen\["e\.weight"\] has the shape \(2,\), not \(3,\)/);
  assert.match(await told('{"e.weight": [1, -2, 0]}'), /negative or not finite/);
  assert.match(await told('{"e.weight": [1, float("nan"), 0]}'), /negative or not finite/);
  assert.match(await told('{"x": [1]}'), /seen names "x", which is not among the weights/);
  assert.match(await told('{"e.weight": [1, 2, 3]}', false), /seen cannot be used in this job/);
  const files: string[] = [];
  for (const seen of ['None', '{"e.weight": [1, 2, 3]}']) {
    const one = await rig.train(SCRIPT.replace('SEEN', seen), { data, weights });
    done(one);
    files.push(join(one.outputs, 'update.npz'));
  }
  const merged = await rig.merge(COUNTING, {
    weights,
    updates: files.map((file) => ({ file, samples: 1 })),
  });
  assert.match(
    failed(merged),
    /script-error: The update .*0\.npz does not say how often its shard saw the rows of "e\.weight"/,
  );
});
