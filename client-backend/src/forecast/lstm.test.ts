import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import fc from 'fast-check';
import { forecastOf } from './lstm.ts';
import { arraysOf, safetensorsOf, someNetwork } from './network.fixture.ts';
import { rhythmOfWork, START } from './rhythm.fixture.ts';
import { WEEK, weekPlace } from './series.ts';
import { takeWeights } from './take-weights.ts';

const example = fileURLToPath(new URL('../../../examples/load-forecast/network.py', import.meta.url));

/** Runs the example with these weights, which it is not to learn from anything, and prints what its network forecasts. */
const HARNESS = `
import json, runpy, sys, types
import torch
given = json.load(sys.stdin)
pilot = types.ModuleType("pilot")
pilot.data = lambda path: [given["row"]]
pilot.param = lambda name, default: given["hidden"]
pilot.weights = lambda like: {name: torch.tensor(given["arrays"][name]).reshape(one.shape) for name, one in like.items()}
pilot.epochs = lambda count: []
pilot.keep = lambda *things: None
pilot.finish = lambda *_, **__: None
sys.modules["pilot"] = pilot
it = runpy.run_path(sys.argv[1])
with torch.no_grad():
    out = it["network"](it["place"], it["past"]) * it["mean"]
print(json.dumps(out[0].tolist()))
`;

test('the network computes here what it does in the example that learns it, in PyTorch', async () => {
  const python = process.env.PILOT_PYTHON ?? '/usr/bin/python3';
  const series = rhythmOfWork({ weeks: 2, seed: 3 });
  const start = 100;
  const past = series.values.slice(start, start + WEEK);
  const from = series.from + start * 900_000;
  const network = someNetwork({ hidden: 5, seed: 1 });
  const arrays = Object.fromEntries(
    Object.entries(arraysOf(network)).map(([name, { values }]) => [name, [...values]]),
  );
  const row = [weekPlace(from), ...past, ...new Array(96).fill(1)];
  const { stdout } = await execa(python, ['-c', HARNESS, example], {
    input: JSON.stringify({ row, arrays, hidden: network.hidden }),
  });
  const theirs: number[] = JSON.parse(stdout);
  const ours = forecastOf(network, past, from);
  const most = Math.max(...ours);
  assert.equal(theirs.length, ours.length);
  assert.ok(most > 0 && new Set(ours).size > 50, 'a forecast that says something');
  for (const [at, value] of ours.entries()) {
    // The example counts in 32 bits.
    const off = Math.abs(value - (theirs[at] ?? 0));
    assert.ok(off < 1e-4 * most, `quarter hour ${at}: ${value} here, ${theirs[at]} there`);
  }
});

test('a week in which nothing came forecasts nothing, and none is below zero or without end', () => {
  const network = someNetwork({ hidden: 4, seed: 1 });
  assert.ok(forecastOf(network, new Float64Array(WEEK), START).every((value) => value === 0));
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1e9 }),
      fc.array(fc.double({ min: 0, max: 1e12, noNaN: true }), { minLength: WEEK, maxLength: WEEK }),
      (seed, past) => {
        const values = forecastOf(someNetwork({ hidden: 2, seed }), Float64Array.from(past), START);
        assert.ok(values.every((value) => Number.isFinite(value) && value >= 0));
      },
    ),
    { numRuns: 20 },
  );
});

test('weights are taken in as they were written, and nothing else is', () => {
  const network = someNetwork({ hidden: 3, seed: 5 });
  const file = safetensorsOf(arraysOf(network));
  assert.deepEqual(takeWeights(file), { ok: true, network });
  const refused = (change: (arrays: ReturnType<typeof arraysOf>) => unknown) => {
    const arrays = arraysOf(network);
    change(arrays);
    const taken = takeWeights(safetensorsOf(arrays));
    return taken.ok ? 'taken' : taken.message;
  };
  assert.match(
    refused((arrays) => Reflect.deleteProperty(arrays, 'days')),
    /other arrays/,
  );
  assert.match(
    refused((arrays) => Object.assign(arrays, { more: arrays.days })),
    /other arrays/,
  );
  assert.match(
    refused((arrays) => arrays['head.bias'].shape.unshift(1)),
    /no "head.bias" of the shape 96/,
  );
  assert.match(
    refused((arrays) => arrays.days.values.set([Number.NaN])),
    /values in "days"/,
  );
  assert.match(
    refused((arrays) => arrays.days.shape.splice(0, 1, 99_999)),
    /no place for "days"/,
  );
});

test('no bytes are taken for weights that are none, however they are cut or changed', () => {
  const file = safetensorsOf(arraysOf(someNetwork({ hidden: 2, seed: 5 })));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(file.length), (bytes, cut) => {
      assert.equal(takeWeights(bytes).ok, false);
      if (cut < file.length) assert.equal(takeWeights(file.subarray(0, cut)).ok, false);
      const changed = Buffer.from(file);
      changed.set(bytes.subarray(0, Math.max(0, file.length - cut)), Math.min(cut, 300));
      const taken = takeWeights(changed);
      assert.ok(!taken.ok || taken.network.head.every(Number.isFinite));
    }),
  );
});
