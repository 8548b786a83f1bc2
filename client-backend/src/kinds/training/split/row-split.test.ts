import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { planBlockSplit } from './block-split.ts';
import { planGroupSplit, TooFewGroups } from './group-split.ts';
import { HELD_OUT, type RowSplit } from './row-split.ts';

const weightsOf = fc
  .tuple(
    fc.array(fc.double({ min: 0.01, max: 100, noNaN: true }), { minLength: 1, maxLength: 9 }),
    fc.boolean(),
  )
  .map(([weights, even]) => (even ? weights.map(() => 1) : weights));
const holdouts = fc.constantFrom(0, 0.1, 0.35, 0.9);

/** How many rows each shard got, the held-out part last. */
function counted(
  { start, shardRows }: RowSplit,
  keys: readonly string[],
): { parts: number[]; rows: number[] } {
  const next = start();
  const parts = keys.map(next);
  const rows = [...shardRows.map(() => 0), 0];
  for (const part of parts) {
    const at = part === HELD_OUT ? shardRows.length : part;
    rows[at] = (rows[at] ?? 0) + 1;
  }
  return { parts, rows };
}

test('blocks: rows that follow each other, as many as announced, none empty, in proportion to the weights', () => {
  fc.assert(
    fc.property(fc.nat(2_000), weightsOf, holdouts, (more, weights, holdout) => {
      const total = weights.length + more;
      const plan = planBlockSplit({ rows: total, weights, holdout });
      const { parts, rows } = counted(plan, Array<string>(total).fill(''));
      assert.deepEqual(rows, [...plan.shardRows, plan.holdoutRows]);
      assert.ok(plan.shardRows.every((count) => count > 0));
      // The held-out part is the end.
      const places = parts.map((part) => (part === HELD_OUT ? weights.length : part));
      assert.deepEqual(
        places,
        places.toSorted((a, b) => a - b),
      );
      const train = total - plan.holdoutRows;
      const sum = weights.reduce((all, weight) => all + weight, 0);
      for (const [shard, weight] of weights.entries()) {
        const wanted = 1 + (weight / sum) * (train - weights.length);
        assert.ok(Math.abs((plan.shardRows[shard] ?? 0) - wanted) <= 1);
      }
    }),
  );
});

const groupsOf = fc.uniqueArray(fc.tuple(fc.string({ maxLength: 3 }), fc.integer({ min: 1, max: 60 })), {
  selector: ([name]) => name,
  minLength: 1,
  maxLength: 40,
});

test('groups: each is in one part alone, parts are as announced, and shards as even as whole groups allow', () => {
  fc.assert(
    fc.property(groupsOf, weightsOf, holdouts, fc.nat(), (groups, weights, holdout, seed) => {
      const counts = new Map(groups);
      if (groups.length < weights.length + (holdout > 0 ? 1 : 0)) {
        assert.throws(() => planGroupSplit({ counts, weights, holdout, seed }), TooFewGroups);
        return;
      }
      const plan = planGroupSplit({ counts, weights, holdout, seed });
      // Rows of the groups in turns, as a file may have them.
      const keys = Array.from({ length: 60 }, (_, turn) =>
        groups.filter(([, count]) => count > turn).map(([name]) => name),
      ).flat();
      const { parts, rows } = counted(plan, keys);
      assert.deepEqual(rows, [...plan.shardRows, plan.holdoutRows]);
      assert.ok(plan.shardRows.every((count) => count > 0));
      assert.equal(plan.holdoutRows > 0, holdout > 0);
      const partOf = new Map<string, number>();
      for (const [at, key] of keys.entries()) {
        assert.equal(partOf.get(key) ?? parts[at], parts[at], 'a group is in two parts');
        partOf.set(key, parts[at] as number);
      }
      if (weights.some((weight) => weight !== weights[0])) return;
      // No group of a shard would make another one more even.
      const least = Math.min(...plan.shardRows);
      for (const [shard, count] of plan.shardRows.entries()) {
        const own = groups.filter(([name]) => partOf.get(name) === shard).map(([, size]) => size);
        assert.ok(count - Math.min(...own) <= least);
      }
      assert.deepEqual(
        planGroupSplit({ counts: new Map(groups.toReversed()), weights, holdout, seed }).shardRows,
        plan.shardRows,
      );
    }),
  );
});
