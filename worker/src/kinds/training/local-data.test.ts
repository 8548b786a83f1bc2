import assert from 'node:assert/strict';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { levels } from '@parallel-pilot/sandbox/test-fixtures/levels.ts';
import type { LocalReading } from '@parallel-pilot/shared/kinds/training/local-data.ts';
import { EvaluateSpec, InitializeSpec, TrainSpec } from '@parallel-pilot/shared/kinds/training/stages.ts';
import { contextOf, createRig, done, failed, INPUT, type Rig, STATE } from './fixtures/rig.ts';

const SCRIPT = `import numpy as np
import pilot
X, y = pilot.data()
w = pilot.weights({"w": np.zeros(X.shape[1])})
for epoch in pilot.epochs(1):
    w["w"] = w["w"] + X.sum(0)
pilot.finish(w, samples=len(X), metrics={"sum": float(X.sum())})
`;
const LOCAL: LocalReading = { name: 'wards', missing: 'refuse', drop: ['name'], encode: [] };
const [context, start] = [contextOf({ local: LOCAL }), INPUT('weights.npz')];

let rig: Rig;
let lent: string;
let secret: string;
before(async () => {
  const [sandbox] = (await levels()).slice(-1);
  assert.ok(sandbox !== undefined);
  rig = await createRig(sandbox);
  await chmod(rig.root, 0o755);
  [lent, secret] = [join(rig.root, 'lent'), join(rig.root, 'secret')];
  for (const folder of [lent, secret]) await mkdir(folder, { mode: 0o755 });
  rig.lent.set('wards', lent);
  rig.lent.set('secret', secret);
  await rig.python(`
open(${JSON.stringify(join(lent, 'a.csv'))}, "w").write("name,x,y,label\\nAnn,1,2,0\\nBob,3,4,1\\n")
open(${JSON.stringify(join(lent, 'b.csv'))}, "w").write("name,x,y,label\\nCyd,5,6,1\\n")
open(${JSON.stringify(join(secret, 'a.csv'))}, "w").write("x,label\\n1,0\\nPatient Zero,1\\n")
np.savez(${JSON.stringify(join(rig.root, 'w.npz'))}, w=np.zeros(2))`);
});
after(() => rig?.close());

const files = (script: string) => ({
  'script.py': { text: script },
  'weights.npz': { copy: join(rig.root, 'w.npz') },
});
const train = (script: string, of = context) =>
  rig.run(
    'train',
    {
      stageSpec: TrainSpec.parse({ context: of, state: STATE, weights: start }),
      chunkSpec: { round: 1, shard: 1, data: null, kept: null },
    },
    files(script),
  );

test('a shard reads what the owner of its worker lends, in every stage that is about it, and counts its rows', async () => {
  const made = await rig.run(
    'initialize',
    { stageSpec: InitializeSpec.parse({ context }), chunkSpec: { round: 0, shard: 0, data: null } },
    files(SCRIPT),
  );
  assert.equal(done(made).parameters, 2);
  const trained = done(await train(SCRIPT));
  assert.deepEqual([trained.samples, trained.metrics], [3, { sum: 21 }]);
  const measured = await rig.run(
    'measure',
    {
      stageSpec: EvaluateSpec.parse({ context, round: 1, holdout: null }),
      chunkSpec: { round: 1, shard: 1 },
    },
    files(SCRIPT),
  );
  assert.deepEqual([done(measured).samples, done(measured).metrics], [3, { sum: 21 }]);
});

test('a file to measure on is read as the shards read theirs, without any of theirs', async () => {
  const measured = await rig.run(
    'evaluate',
    {
      stageSpec: EvaluateSpec.parse({ context, round: 1, holdout: 'holdout.csv' }),
      chunkSpec: { round: 1 },
    },
    { ...files(SCRIPT), 'holdout.csv': { text: 'name,x,y,label\nDot,7,8,1\n' } },
  );
  assert.deepEqual([done(measured).samples, done(measured).metrics], [null, { sum: 15 }]);
});

test('the folder cannot be written, and chunks that are not about it do not see it, in the same job', async () => {
  const write = SCRIPT.replace('w = pilot', 'open(pilot.local_data + "/c.csv", "w")\nw = pilot');
  assert.match(failed(await train(write)), /^script-error: script\.py line 4: (OSError|PermissionError)\. /);
  const look = `import os\nimport numpy as np\nimport pilot
w = pilot.weights({"w": np.zeros(2)})
pilot.finish(w, samples=1, metrics={"seen": float(os.path.exists(${JSON.stringify(lent)})), "local": float(pilot.local_data is not None)})
`;
  assert.deepEqual(done(await train(look)).metrics, { seen: 1, local: 1 });
  const measured = await rig.run(
    'evaluate',
    {
      stageSpec: EvaluateSpec.parse({ context: contextOf({ ownData: true }), round: 1, holdout: null }),
      chunkSpec: { round: 1 },
    },
    files(look),
  );
  assert.deepEqual(done(measured).metrics, { seen: 0, local: 0 });
});

test('no error tells a row: neither its message nor the log', async () => {
  const of = contextOf({ local: { ...LOCAL, name: 'secret', drop: [] } });
  const unread = await train(SCRIPT, of);
  assert.match(failed(unread), /^script-error: script\.py line 3: \w+\. What it says is not passed on/);
  const raised = await train(SCRIPT.replace('w = pilot', 'raise KeyError(X[0])\nw = pilot'));
  assert.match(failed(raised), /^script-error: script\.py line 4: KeyError\. What it says/);
  const left = await train(SCRIPT.replace('w = pilot', 'raise SystemExit("row " + str(X[0]))\nw = pilot'));
  for (const { outcome } of [unread, raised, left])
    assert.doesNotMatch(JSON.stringify(outcome), /Patient|Zero|row|\[[0-9]/);
});

test('labels that are texts need the names of all classes, and what is not lent any more is told', async () => {
  await rig.python(
    `open(${JSON.stringify(join(secret, 'a.csv'))}, "w").write("x,label\\n1,ill\\n2,well\\n3,ill\\n")`,
  );
  const of = contextOf({ local: { ...LOCAL, name: 'secret', drop: [] } });
  assert.match(failed(await train(SCRIPT, of)), /^data-not-lent: The labels of the lent data are texts/);
  const named = SCRIPT.replace('X, y', 'pilot.classes = ["well", "ill"]\nX, y').replace(
    '"sum": float(X.sum())',
    '"ill": float(y.sum())',
  );
  await rig.python(`np.savez(${JSON.stringify(join(rig.root, 'w.npz'))}, w=np.zeros(1))`);
  assert.deepEqual(done(await train(named, of)).metrics, { ill: 2 });
  rig.lent.set('secret', '/');
  assert.match(failed(await train(SCRIPT, of)), /^data-not-lent: .* which no job may see\.$/);
  rig.lent.delete('secret');
  assert.match(failed(await train(SCRIPT, of)), /^data-not-lent: The owner of the worker does not lend/);
});
