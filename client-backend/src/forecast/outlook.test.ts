import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QUARTER_MS } from '@parallel-pilot/shared/model/quarter.ts';
import fc from 'fast-check';
import { adviceOn } from './advice.ts';
import { expectedCapacity, type Outlook, queueEnds, waitUntil } from './outlook.ts';
import { START } from './rhythm.fixture.ts';

const HOUR = 4 * QUARTER_MS;

/** From 18:00 on for a day: so many workers of speed 1, at which so much comes in an hour, in hours of work. */
const evening = (options: { waiting: number; workers: number; coming?: number; until?: number }): Outlook => {
  const now = START + 18 * HOUR;
  return {
    now,
    waitingMs: options.waiting * HOUR,
    quarters: Array.from({ length: 96 }, (_, quarter) => ({
      at: now + quarter * QUARTER_MS,
      demandMs: quarter < (options.until ?? 96) ? (options.coming ?? 0) * QUARTER_MS : 0,
      capacityMs: options.workers * QUARTER_MS,
    })),
  };
};
const SIX = START + 30 * HOUR;

test('two more workers from 22:00 end a queue by 06:00', () => {
  // 40 hours of work; two workers do 24 by then, and two more do the other 16 in eight hours.
  const outlook = evening({ waiting: 40, workers: 2 });
  assert.deepEqual(adviceOn(outlook, SIX, 1), {
    type: 'more-workers',
    workers: 2,
    from: START + 22 * HOUR,
    by: SIX,
    endsAt: START + 38 * HOUR,
  });
});

test('what waits is done in time, or never, or nothing waits, or nobody is there', () => {
  const of = (options: Parameters<typeof evening>[0], speed: number | null = 1) =>
    adviceOn(evening(options), SIX, speed).type;
  assert.equal(of({ waiting: 0, workers: 0 }), 'nothing-waits');
  assert.equal(of({ waiting: 24, workers: 2 }), 'in-time');
  assert.equal(of({ waiting: 24.1, workers: 2 }), 'more-workers');
  assert.equal(of({ waiting: 24, workers: 2, coming: 0.5 }), 'more-workers');
  assert.equal(of({ waiting: 5_000, workers: 2 }), 'too-much');
  assert.equal(of({ waiting: 1, workers: 0 }, null), 'no-worker');
});

test('what comes meanwhile is counted to what waits until both are done', () => {
  // Four hours of work on two workers, to which one hour comes in each until 20:00: at 21:00 six are done.
  assert.equal(queueEnds(evening({ waiting: 4, workers: 2, coming: 1, until: 8 })), START + 21 * HOUR);
  assert.equal(queueEnds(evening({ waiting: 4, workers: 2, coming: 2 })), null);
});

test('of the running quarter hour only what is left counts', () => {
  const outlook = { ...evening({ waiting: 0, workers: 4 }), now: START + 18 * HOUR + QUARTER_MS / 3 };
  assert.equal(expectedCapacity(outlook, outlook.now, START + 19 * HOUR), 4 * (HOUR - QUARTER_MS / 3));
  // Beyond the day that is forecast, all stays as it was at its end.
  assert.equal(expectedCapacity(outlook, START + 42 * HOUR, START + 44 * HOUR), 8 * HOUR);
});

const anOutlook = fc
  .record({
    waitingMs: fc.integer({ min: 0, max: 100 * HOUR }),
    offset: fc.integer({ min: 0, max: QUARTER_MS - 1 }),
    quarters: fc.array(
      fc.record({
        demandMs: fc.integer({ min: 0, max: HOUR }),
        capacityMs: fc.integer({ min: 0, max: HOUR }),
      }),
      { minLength: 1, maxLength: 96 },
    ),
  })
  .map(
    ({ waitingMs, offset, quarters }): Outlook => ({
      now: START + offset,
      waitingMs,
      quarters: quarters.map((quarter, index) => ({ ...quarter, at: START + index * QUARTER_MS })),
    }),
  );

test('the time until which work takes is the one by which the workers can do it', () => {
  fc.assert(
    fc.property(anOutlook, fc.integer({ min: 1, max: 50 * HOUR }), (outlook, work) => {
      const until = waitUntil(outlook, work);
      if (until === null) return;
      const can = expectedCapacity(outlook, outlook.now, until);
      assert.ok(Math.abs(can - work) <= 1e-6 * work + 1, `${can} for ${work}`);
    }),
  );
});

test('the advised workers are enough, one fewer is not, nor is a quarter of an hour later', () => {
  fc.assert(
    fc.property(
      anOutlook,
      fc.integer({ min: 1, max: 24 }),
      fc.double({ min: 0.1, max: 8, noNaN: true }),
      (outlook, hours, speed) => {
        const by = outlook.now + hours * HOUR;
        const advice = adviceOn(outlook, by, speed);
        const ends = (workers: number, from: number) =>
          queueEnds(outlook, { speed: speed * workers, from }) ?? Number.POSITIVE_INFINITY;
        if (advice.type === 'in-time') assert.ok(advice.endsAt <= by);
        if (advice.type === 'too-much') assert.ok(ends(100, outlook.now) > by);
        if (advice.type !== 'more-workers') return;
        assert.ok(ends(advice.workers, advice.from) <= by);
        assert.ok(ends(advice.workers - 1, outlook.now) > by);
        if (advice.from > outlook.now) assert.ok(ends(advice.workers, advice.from + QUARTER_MS) > by);
      },
    ),
  );
});
