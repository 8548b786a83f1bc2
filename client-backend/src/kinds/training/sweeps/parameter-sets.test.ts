import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sweep } from '@parallel-pilot/shared/kinds/training/sweep/search.ts';
import fc from 'fast-check';
import { parameterSets } from './parameter-sets.ts';

const RANGES = {
  lr: { of: 'log', from: 1e-5, to: 1e-2 },
  drop: { of: 'uniform', from: 0, to: 0.5 },
  width: { of: 'int', from: 16, to: 19 },
  act: { of: 'choice', values: ['relu', 'tanh'] },
};

test('a grid is each combination once, the last parameter changing fastest', () => {
  const grid = Sweep.parse({
    parameters: { a: { of: 'choice', values: [1, 2, 1] }, b: { of: 'choice', values: ['x', true] } },
  });
  assert.deepEqual(parameterSets(grid, 0), [
    { a: 1, b: 'x' },
    { a: 1, b: true },
    { a: 2, b: 'x' },
    { a: 2, b: true },
  ]);
});

test('what is drawn lies in its range, no two sets are equal, one seed gives the same, and more runs begin alike', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 2, max: 60 }), (seed, runs) => {
      const of = (runs: number) =>
        parameterSets(Sweep.parse({ parameters: RANGES, mode: 'random', runs }), seed);
      const sets = of(runs);
      assert.equal(new Set(sets.map((set) => JSON.stringify(set))).size, runs);
      for (const { lr, drop, width, act } of sets) {
        assert.ok(Number(lr) >= 1e-5 && Number(lr) <= 1e-2, `lr ${lr}`);
        assert.ok(Number(drop) >= 0 && Number(drop) <= 0.5, `drop ${drop}`);
        assert.ok([16, 17, 18, 19].includes(Number(width)), `width ${width}`);
        assert.ok(act === 'relu' || act === 'tanh');
      }
      assert.deepEqual(of(runs + 1).slice(0, runs), sets);
    }),
    { numRuns: 30 },
  );
});

test('log is even in the logarithm, and each of few combinations is found', () => {
  const parameters = { lr: RANGES.lr };
  const drawn = parameterSets(Sweep.parse({ parameters, mode: 'random', runs: 100 }), 7);
  const small = drawn.filter(({ lr }) => Number(lr) < 1e-4).length;
  assert.ok(small > 20 && small < 46, `${small} of 100 in the first of three decades`);
  const few = Sweep.parse({ parameters: { width: RANGES.width, act: RANGES.act }, mode: 'random', runs: 8 });
  assert.equal(parameterSets(few, 1).length, 8);
});
