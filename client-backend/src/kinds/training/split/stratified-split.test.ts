import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createPermutation } from './permutation.ts';
import { HELD_OUT } from './row-split.ts';
import { planStratifiedSplit } from './stratified-split.ts';

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

test('a permutation has every place once, and equal keys give equal orders', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 3_000 }), fc.string(), (size, key) => {
      const order = range(size).map(createPermutation(size, key));
      assert.deepEqual(
        order.toSorted((a, b) => a - b),
        range(size),
      );
      assert.deepEqual(range(size).map(createPermutation(size, key)), order);
    }),
  );
});

test('the largest permutation stays in its bounds', () => {
  const permute = createPermutation(2 ** 32, 'a');
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (index) => {
      const place = permute(index);
      assert.ok(Number.isInteger(place) && place >= 0 && place < 2 ** 32);
    }),
  );
  assert.throws(() => createPermutation(2 ** 32 + 1, 'a'), RangeError);
});

test('an order is shuffled: over many keys every row comes to every place equally often', () => {
  for (const size of [5, 16, 100]) {
    const keys = 4_000;
    const hits = range(size).map(() => 0);
    for (let key = 0; key < keys; key += 1) {
      const place = createPermutation(size, `key ${key}`)(0);
      hits[place] = (hits[place] ?? 0) + 1;
    }
    const expected = keys / size;
    const chiSquare = hits.reduce((sum, hit) => sum + (hit - expected) ** 2 / expected, 0);
    // Mean size-1, deviation sqrt(2(size-1)): five deviations.
    assert.ok(chiSquare < size - 1 + 5 * Math.sqrt(2 * (size - 1)), `${size} places: ${chiSquare}`);
  }
});

const question = fc.record({
  classes: fc.uniqueArray(fc.tuple(fc.string({ maxLength: 3 }), fc.integer({ min: 1, max: 80 })), {
    selector: ([label]) => label,
    minLength: 1,
    maxLength: 8,
  }),
  weights: fc.array(fc.double({ min: 0.01, max: 100, noNaN: true }), { minLength: 1, maxLength: 9 }),
  holdout: fc.constantFrom(0, 0.1, 0.35, 0.9),
  seed: fc.nat(),
  even: fc.boolean(),
});

test('every row goes to one part, as many as were announced, whatever the order of the data', () => {
  fc.assert(
    fc.property(
      question,
      fc.infiniteStream(fc.nat()),
      ({ classes, weights: given, holdout, seed, even }, order) => {
        const weights = even ? given.map(() => 1) : given;
        const labels = classes.flatMap(([label, count]) => Array<string>(count).fill(label));
        // Any mixture of the classes.
        for (let at = labels.length - 1; at > 0; at -= 1) {
          const other = (order.next().value as number) % (at + 1);
          [labels[at], labels[other]] = [labels[other] as string, labels[at] as string];
        }
        const plan = planStratifiedSplit({ counts: new Map(classes), weights, holdout, seed });
        const next = plan.start();
        const rows = weights.map(() => 0);
        let held = 0;
        for (const label of labels) {
          const shard = next(label);
          if (shard === HELD_OUT) held += 1;
          else rows[shard] = (rows[shard] ?? 0) + 1;
        }
        assert.deepEqual([rows, held], [plan.shardRows, plan.holdoutRows]);
        if (labels.length >= weights.length)
          assert.ok(
            rows.every((count) => count > 0),
            `a shard is empty: ${rows}`,
          );
      },
    ),
  );
});

test('each class is spread evenly over the held-out part and the shards, sorted data too', () => {
  const counts = new Map([
    ['a', 900],
    ['b', 90],
    ['c', 10],
  ]);
  const plan = planStratifiedSplit({ counts, weights: [1, 1, 1], holdout: 0.1, seed: 7 });
  const next = plan.start();
  const of = new Map<string, number[]>();
  for (const [label, count] of counts) {
    const parts = [0, 0, 0, 0];
    for (let row = 0; row < count; row += 1) {
      const part = next(label) + 1;
      parts[part] = (parts[part] ?? 0) + 1;
    }
    of.set(label, parts);
  }
  assert.deepEqual(Object.fromEntries(of), { a: [90, 270, 270, 270], b: [9, 27, 27, 27], c: [1, 3, 3, 3] });
});

test('shards are as large as their weights say', () => {
  const counts = new Map([['', 100_000]]);
  const { shardRows } = planStratifiedSplit({ counts, weights: [4, 3, 2, 1], holdout: 0, seed: 1 });
  for (const [shard, share] of [40_000, 30_000, 20_000, 10_000].entries()) {
    assert.ok(Math.abs((shardRows[shard] ?? 0) - share) < 100, `${shardRows}`);
  }
});

test('what is held out never takes the last rows from the shards', () => {
  const of = (rows: number) => {
    const plan = planStratifiedSplit({
      counts: new Map([['', rows]]),
      weights: [1, 1],
      holdout: 0.9,
      seed: 1,
    });
    return [plan.holdoutRows, ...plan.shardRows];
  };
  assert.deepEqual(of(3), [1, 1, 1]);
  assert.deepEqual(of(2), [0, 1, 1]);
  assert.deepEqual(of(10), [8, 1, 1]);
});
