import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { endsOf } from './shared-capacity.ts';

const demand = (work: number, width = 1) => ({ work, width });
const near = (seen: number | undefined, wanted: number) =>
  assert.ok(seen !== undefined && Math.abs(seen - wanted) <= 0.01 * wanted, `${seen} instead of ${wanted}`);

test('queues share evenly, ranks go one after another, and what somebody cannot use goes to others', () => {
  const [a, b, c] = [demand(10), demand(30), demand(10, 0.25)];
  const ends = endsOf([[[a]], [[b]]]);
  near(ends.get(a), 20);
  near(ends.get(b), 40);
  const ranked = endsOf([[[a], [b]]]);
  near(ranked.get(a), 10);
  near(ranked.get(b), 40);
  const narrow = endsOf([[[c, b]]]);
  near(narrow.get(c), 40);
  near(narrow.get(b), 40);
});

test('what nobody can do never ends, and what is done already has ended', () => {
  const [never, done] = [demand(1, 0), demand(0)];
  const ends = endsOf([[[never], [done]]]);
  assert.equal(ends.get(never), Number.POSITIVE_INFINITY);
  assert.equal(ends.get(done), 0);
});

test('nobody ends before it could alone, and all of it not before all work is done', () => {
  const demands = fc.array(
    fc.record({
      work: fc.double({ min: 1, max: 1e6, noNaN: true }),
      width: fc.double({ min: 0.01, max: 1, noNaN: true }),
    }),
    { minLength: 1, maxLength: 8 },
  );
  const queues = fc.array(fc.array(demands, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(queues, (all) => {
      const ends = endsOf(all);
      const flat = all.flat(2);
      for (const one of flat) assert.ok((ends.get(one) ?? 0) >= (one.work / one.width) * 0.99);
      const work = flat.reduce((sum, one) => sum + one.work, 0);
      assert.ok(Math.max(...ends.values()) >= work * 0.99);
    }),
  );
});
