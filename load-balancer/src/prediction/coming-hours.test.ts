import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QUARTER_MS } from '@parallel-pilot/shared/model/quarter.ts';
import fc from 'fast-check';
import { hoursFrom } from './coming-hours.ts';

const part = fc.double({ min: 0, max: 8, noNaN: true });
const quarters = fc.array(fc.record({ capacity: part, demand: part }), { minLength: 1, maxLength: 96 });
const within = (most: number) => fc.double({ min: 0, max: most, noNaN: true });

test('what is done by the time at which work is done is that work, step by step through the quarter hours', () => {
  fc.assert(
    fc.property(
      quarters,
      within(QUARTER_MS),
      within(1),
      within(400 * QUARTER_MS),
      (all, rest, before, work) => {
        const end = hoursFrom(rest, all, before).until(work);
        let done = Math.min(end, rest);
        for (let [at, place] = [rest, 0]; at < end && place < 1e6; at += QUARTER_MS, place += 1) {
          const { capacity = 0, demand = 0 } = all[place % all.length] ?? {};
          const rate = Math.max(0.01, capacity - Math.min(before * demand, capacity / 2));
          done += rate * Math.min(QUARTER_MS, end - at);
        }
        assert.ok(Math.abs(done - work) <= 1e-6 * Math.max(1, work), `${done} of ${work} by ${end}`);
      },
    ),
  );
});

test('more work is never done sooner, and without a forecast the present lasts', () => {
  fc.assert(
    fc.property(quarters, within(QUARTER_MS), within(1e9), within(1e9), (all, rest, a, b) => {
      const { until } = hoursFrom(rest, all, 1);
      assert.ok(until(Math.min(a, b)) <= until(Math.max(a, b)));
      assert.equal(hoursFrom(rest, [], 1).until(a), a);
    }),
  );
});
