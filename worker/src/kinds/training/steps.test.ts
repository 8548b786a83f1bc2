import assert from 'node:assert/strict';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ScriptContext } from '@parallel-pilot/shared/kinds/training/stages.ts';
import { execa } from 'execa';
import { done, failed, PYTHON, type Ran, type Rig } from './fixtures/rig.ts';
import { createRigWithData } from './fixtures/rig-with-data.ts';
import { PILOT_FOLDER } from './python.ts';

let rig: Rig;
let data: string;
before(async () => {
  ({ rig, data } = await createRigWithData(
    'np.savez(path, X=np.random.default_rng(1).normal(size=(33, 4)), y=np.arange(33) % 7 / 7)',
  ));
});
after(() => rig.close());

/** SGD with momentum that is kept; 33 rows in steps of 9 (with 8 one would be left) are four an epoch. */
const SCRIPT = `import time
import numpy as np
import pilot
X, y = pilot.data()
w = pilot.weights({"w": np.zeros(4)})["w"]
momentum = np.zeros(4)
pilot.keep(momentum)
for rows in pilot.steps(2, keep=[{"w": w}]):
    momentum[:] = 0.9 * momentum + X[rows].T @ (X[rows] @ w - y[rows]) / len(rows)
    w -= 0.05 * momentum
    print("step", pilot.epoch, len(rows), int(rows[0]), "end" if pilot.ends_epoch else "", round(pilot.progress, 3))
    time.sleep(pilot.param("pause", 0.0))
print("after", pilot.epoch, pilot.progress)
pilot.finish({"w": w})
`;
const BATCH = { shards: 1, batch: 8 };

/** Rounds of one shard, each from what the one before left. */
async function rounds(count: number, context: (round: number) => Partial<ScriptContext>): Promise<Ran[]> {
  const ran: Ran[] = [];
  let weights = join((await rig.initialize(SCRIPT, data)).outputs, 'weights.npz');
  for (let round = 1; round <= count; round += 1) {
    const kept = ran.length === 0 ? {} : { kept: join(ran.at(-1)?.outputs ?? '', 'kept.npz') };
    const all = { ...BATCH, round, rounds: count, ...context(round) };
    const one = await rig.train(SCRIPT, { data, weights, context: all, ...kept });
    assert.ok(one.outcome.ok, failed(one));
    weights = join(one.outputs, 'update.npz');
    ran.push(one);
  }
  return ran;
}
const stepsOf = (log: string): string[] => log.match(/^step.*$/gm) ?? [];
const same = (a: string, b: string) =>
  rig.python(
    // What a BLAS adds up hangs on where arrays lie in memory, on some processors, in the last bit.
    `a, b = np.load(${JSON.stringify(a)}), np.load(${JSON.stringify(b)})\nnp.testing.assert_allclose(a["w"], b["w"], rtol=1e-13)`,
  );

test('one script makes the same steps to the same weights alone, in rounds of epochs and in rounds of inner steps', async () => {
  const script = join(rig.root, 'alone.py');
  await writeFile(script, SCRIPT);
  const alone = async (more: Record<string, string>) => {
    const env = {
      PYTHONPATH: PILOT_FOLDER,
      PILOT_DATA: data,
      PILOT_SEED: '7',
      PILOT_BATCH: '8',
      OMP_NUM_THREADS: '1',
    };
    const { stdout } = await execa(PYTHON, ['-B', script], { cwd: rig.root, env: { ...env, ...more } });
    return stepsOf(stdout);
  };
  const epochs = await alone({ PILOT_ROUNDS: '2' });
  assert.equal(epochs.length, 16);
  assert.deepEqual(
    epochs.map((line) => line.split(' ')[2]),
    Array.from({ length: 4 }, () => ['9', '9', '9', '6']).flat(),
  );
  const farm = await rounds(2, (round) => ({ epoch: 2 * (round - 1) }));
  assert.deepEqual(
    farm.flatMap(({ outcome }) => stepsOf(outcome.log)),
    epochs,
  );
  await same(join(rig.root, 'model.npz'), join(farm.at(-1)?.outputs ?? '', 'update.npz'));
  assert.match(farm.at(-1)?.outcome.log ?? '', /after 4 1\.0/);
  // Rounds of six steps end in the middle of an epoch, and go on there.
  const inner = await alone({ PILOT_ROUNDS: '3', PILOT_INNER_STEPS: '6' });
  assert.equal(inner.length, 18);
  assert.deepEqual(inner.filter((line) => line.includes('end')).length, 4);
  const diloco = await rounds(3, () => ({ innerSteps: 6 }));
  assert.deepEqual(
    diloco.flatMap(({ outcome }) => stepsOf(outcome.log)),
    inner,
  );
  await same(join(rig.root, 'model.npz'), join(diloco.at(-1)?.outputs ?? '', 'update.npz'));
  assert.ok(diloco[0]?.progress.some(({ detail }) => /^Step \d of 6$/.test(detail)));
});

test('a script that counts epochs, or nothing, is told in mode diloco what to do', async () => {
  const weights = join((await rig.initialize(SCRIPT, data)).outputs, 'weights.npz');
  const told = async (script: string) =>
    failed(await rig.train(script, { data, weights, context: { ...BATCH, innerSteps: 6 } }));
  const loop = 'for rows in pilot.steps(2, keep=[{"w": w}]):';
  assert.match(
    await told(SCRIPT.replace(loop, 'for epoch in pilot.epochs(2):\n    rows = [0]')),
    /mode diloco counts steps: loop over pilot\.steps\(n\), in place of pilot\.epochs/,
  );
  assert.match(
    await told(SCRIPT.replace(loop, 'for rows in pilot.batches():')),
    /the script did not loop over pilot\.steps/,
  );
});

test('one that is taken back goes on after its last step, to the same weights', async () => {
  const weights = join((await rig.initialize(SCRIPT, data)).outputs, 'weights.npz');
  const context = { ...BATCH, innerSteps: 9, params: { pause: 0.2 } };
  const whole = await rig.train(SCRIPT, { data, weights, context: { ...context, params: {} } });
  const notice = new AbortController();
  const onProgress = ({ detail }: { detail: string }) => {
    if (detail.startsWith('Step 3')) notice.abort();
  };
  const first = await rig.train(SCRIPT, { data, weights, context }, { notice: notice.signal, onProgress });
  assert.ok(!first.outcome.ok && first.outcome.checkpoint !== undefined, failed(first));
  const checkpoint = first.outcome.checkpoint.path;
  const rest = await rig.train(
    SCRIPT,
    { data, weights, context: { ...context, params: {} } },
    { checkpoint },
  );
  assert.match(rest.outcome.log, /goes on after step [3-8] of 9/);
  const rows = [...stepsOf(first.outcome.log), ...stepsOf(rest.outcome.log)];
  assert.deepEqual(rows, stepsOf(whole.outcome.log));
  await same(join(whole.outputs, 'update.npz'), join(rest.outputs, 'update.npz'));
});

/** Half of the rounds pull one way, half the other: only what is added up over rounds is left of small numbers. */
const WIDE = `import numpy as np
import pilot
X, y = pilot.data()
start = pilot.weights({"w": np.zeros((60, 50), np.float32), "n": np.zeros(3, int), "bn.running_mean": np.zeros(2, np.float32)})
chance = np.random.default_rng(pilot.round)
for rows in pilot.steps(1):
    pass
w = start["w"] + chance.normal(size=(60, 50)).astype(np.float32) ** 3 + 0.003
pilot.finish({"w": w, "n": start["n"] + 2, "bn.running_mean": start["bn.running_mean"] + 1})
`;

test('in fewer bits an update is a part of the size, and what rounding leaves out comes with the rounds to follow', async () => {
  const started = await rig.initialize(WIDE, data);
  done(started);
  const first = join(started.outputs, 'weights.npz');
  for (const [compress, sparsify, part] of [
    ['bf16', null, 0.5],
    ['int8', null, 0.25],
    ['int8', 0.1, 0.075],
  ] as const) {
    const share = sparsify ?? 'None';
    let kept: string | undefined;
    const updates: string[] = [];
    const context = { ...BATCH, compress, sparsify };
    // Always from the same weights: the sum of what was sent is the sum of what was meant.
    for (let round = 1; round <= 12; round += 1) {
      const from = { data, weights: first, context: { ...context, round, rounds: 12 } };
      const one = await rig.train(WIDE, { ...from, ...(kept && { kept }) });
      assert.equal(done(one).kept, 1);
      kept = join(one.outputs, 'kept.npz');
      updates.push(join(one.outputs, 'update.npz'));
      const size = (await stat(join(one.outputs, 'update.npz'))).size;
      assert.ok(size < part * 12_000 + 1_500, `${compress}: ${size} bytes`);
    }
    const { stdout } = await rig.python(
      `import pilot_state
from pilot_worker import deltas
meant = sum(np.random.default_rng(r).normal(size=(60, 50)).astype(np.float32) ** 3 + np.float32(0.003) for r in range(1, 13))
sent = [deltas.decoded(np.load(path), "w", (60, 50), ${share}) for path in ${JSON.stringify(updates)}]
left = np.abs(sum(sent) - meant).max()
rest = deltas.left_before(pilot_state.Saved(${JSON.stringify(kept)}).last(), "w", (60, 50))
# Whatever was lost is rounding of what was left, in each of the rounds.
assert np.abs(sum(sent) + rest - meant).max() < 12 * np.abs(rest).max() / ${sparsify === null ? 127 : 7}
alone = [deltas.encoded("${compress}", "w", one, ${share}) for one in
    [np.random.default_rng(r).normal(size=(60, 50)).astype(np.float32) ** 3 + np.float32(0.003) for r in range(1, 13)]]
without = np.abs(sum(deltas.decoded(one, "w", (60, 50), ${share}) for one in alone) - meant).max()
print(json.dumps([float(left), float(without)]))`,
    );
    const [left, without] = JSON.parse(stdout);
    assert.ok(
      left < (sparsify === null ? 0.6 : 0.9) * without,
      `${compress}: ${left} is lost, ${without} without the feedback`,
    );
    const merged = await rig.merge(WIDE, {
      weights: first,
      updates: [
        { file: updates[0] ?? '', samples: 1 },
        { file: updates[1] ?? '', samples: 3 },
      ],
      merge: { compress, sparsify },
    });
    done(merged);
    await rig.python(
      `from pilot_worker import deltas
m = np.load(${JSON.stringify(join(merged.outputs, 'weights.npz'))})
a, b = [deltas.decoded(np.load(path), "w", (60, 50), ${share}) for path in ${JSON.stringify(updates.slice(0, 2))}]
assert np.allclose(m["w"], (a + 3 * b) / 4, atol=1e-5) and (m["n"] == 2).all() and (m["bn.running_mean"] == 1).all()`,
    );
  }
});

test('of the largest differences alone the mean, extremes and the clipped norm are those of what is sent', async () => {
  const first = join((await rig.initialize(WIDE, data)).outputs, 'weights.npz');
  const how = { compress: 'bf16' as const, sparsify: 0.1 };
  const updates: { file: string; samples: number }[] = [];
  for (const round of [1, 2, 3]) {
    const one = await rig.train(WIDE, { data, weights: first, context: { ...BATCH, ...how, round } });
    done(one);
    updates.push({ file: join(one.outputs, 'update.npz'), samples: 1 });
  }
  const merged = async (merge: object) => {
    const one = await rig.merge(WIDE, { weights: first, updates, merge: { ...how, ...merge } });
    done(one);
    return join(one.outputs, 'weights.npz');
  };
  const paths = [await merged({ trim: 0.34 }), await merged({ clip: 2, of: 4 })];
  await rig.python(
    `from pilot_worker import deltas
sent = [deltas.decoded(np.load(path), "w", (60, 50), 0.1) for path in ${JSON.stringify(updates.map(({ file }) => file))}]
trimmed, clipped = [np.load(path)["w"] for path in ${JSON.stringify(paths)}]
assert np.allclose(trimmed, np.median(sent, axis=0), atol=1e-5)
# The running mean moves by 1 in two places.
norms = [np.sqrt((one.astype(float) ** 2).sum() + 2) for one in sent]
assert np.allclose(clipped, sum(one * 2 / norm / 4 for one, norm in zip(sent, norms)), atol=1e-5)`,
  );
});

test('what is sent and what is left are the difference, whatever that is; positions that are none are refused', async () => {
  const script = fileURLToPath(new URL('fixtures/sparse-properties.py', import.meta.url));
  const seed = String(process.env.PILOT_SEED ?? 1);
  await execa(PYTHON, ['-B', script, seed], { env: { PYTHONPATH: PILOT_FOLDER } });
});
