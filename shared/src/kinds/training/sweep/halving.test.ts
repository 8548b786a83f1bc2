import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lacksMetric, type Report, type SweptRun, steer } from './halving.ts';

/** Runs a sweep to its end: `pick` says which of those under way comes to its next rung, and whether it fails on the way. */
function simulate(
  qualities: readonly number[],
  { rungs, reductionFactor, concurrent }: { rungs: number; reductionFactor: number; concurrent: number },
  pick: (among: number) => { which: number; fails: boolean },
) {
  const runs: SweptRun[] = qualities.map((_, index) => ({ number: index + 1, rung: 0, at: 'waiting' }));
  const reports: Report[] = [];
  const stopped: { number: number; rung: number }[] = [];
  const failed: number[] = [];
  const finished: number[] = [];
  for (let turn = 0; ; turn += 1) {
    assert.ok(turn < 10_000, 'the sweep does not end');
    const asked = { reductionFactor, concurrent, goal: 'max' as const };
    const steps = steer(runs, reports, asked);
    assert.deepEqual(
      steer(runs.toReversed(), reports.toReversed(), asked),
      steps,
      'the order of rows counts',
    );
    for (const step of steps) {
      const run = runs[step.number - 1];
      assert.ok(run !== undefined);
      assert.equal(run.at, step.do === 'start' ? 'waiting' : 'held');
      run.at = step.do === 'stop' ? 'over' : 'running';
      if (step.do === 'stop') stopped.push({ number: run.number, rung: step.rung });
    }
    const running = runs.filter(({ at }) => at === 'running');
    assert.ok(running.length <= concurrent, 'too many at once');
    if (running.length === 0) break;
    const { which, fails } = pick(running.length);
    const run = running[which % running.length];
    assert.ok(run !== undefined);
    if (fails || run.rung === rungs) {
      run.at = 'over';
      (fails ? failed : finished).push(run.number);
      continue;
    }
    reports.push({ number: run.number, rung: run.rung, value: qualities[run.number - 1] ?? 0 });
    run.rung += 1;
    run.at = 'held';
  }
  assert.ok(
    runs.every(({ at }) => at === 'over'),
    `held for ever: ${JSON.stringify(runs)}`,
  );
  return { reports, stopped, failed, finished };
}

const CASE = {
  qualities: fc.uniqueArray(fc.integer({ min: 0, max: 1_000 }), { minLength: 2, maxLength: 40 }),
  shape: fc.record({
    rungs: fc.integer({ min: 0, max: 4 }),
    reductionFactor: fc.integer({ min: 2, max: 5 }),
    concurrent: fc.integer({ min: 1, max: 12 }),
  }),
  chances: fc.infiniteStream(fc.nat()),
  failing: fc.constantFrom(0, 0, 7),
};

test('whatever the order in which they come, all end, none that belongs to the best is stopped, and the best goes to the end', () => {
  fc.assert(
    fc.property(
      CASE.qualities,
      CASE.shape,
      CASE.chances,
      CASE.failing,
      (qualities, shape, chances, failing) => {
        const next = () => Number(chances.next().value);
        const { reports, stopped, failed, finished } = simulate(qualities, shape, () => ({
          which: next(),
          fails: failing > 0 && next() % failing === 0,
        }));
        for (const { number, rung } of stopped) {
          const at = reports.filter((report) => report.rung === rung);
          const rank = at.filter((report) => (report.value ?? 0) > (qualities[number - 1] ?? 0)).length;
          const best = Math.max(1, Math.floor(at.length / shape.reductionFactor));
          assert.ok(rank >= best, `run ${number} was ${rank + 1}. of ${at.length} and is stopped`);
        }
        const best = qualities.indexOf(Math.max(...qualities)) + 1;
        if (!failed.includes(best)) assert.ok(finished.includes(best), 'the best was stopped');
        assert.equal(stopped.length + failed.length + finished.length, qualities.length);
      },
    ),
    { numRuns: 300 },
  );
});

test('one in eta goes on: of 27 that come in order of their worth few more than the paper has for all at once', () => {
  const qualities = Array.from({ length: 27 }, (_, index) => 27 - index);
  const { reports } = simulate(qualities, { rungs: 3, reductionFactor: 3, concurrent: 27 }, () => ({
    which: 0,
    fails: false,
  }));
  const at = (rung: number) => reports.filter((report) => report.rung === rung).length;
  assert.deepEqual([at(0), at(1), at(2)], [27, 9, 3]);
});

const run = (number: number, rung: number, at: SweptRun['at']): SweptRun => ({ number, rung, at });
const SWEEP = { reductionFactor: 3, concurrent: 9, goal: 'max' as const };

test('a loser is stopped as soon as nothing that is to come can save it, and not before', () => {
  const reports = [0.9, 0.8, 0.7].map((value, index) => ({ number: index + 1, rung: 0, value }));
  const held = [1, 2, 3].map((number) => run(number, 1, 'held'));
  // Of five one goes on: the second cannot be it any more.
  const five = [...held, run(4, 0, 'running'), run(5, 0, 'running')];
  assert.deepEqual(steer(five, reports, SWEEP), [
    { do: 'stop', number: 2, rung: 0, best: 1, of: 5 },
    { do: 'stop', number: 3, rung: 0, best: 1, of: 5 },
    { do: 'let-on', number: 1 },
  ]);
  // Of six two do.
  const six = [...five, run(6, 0, 'waiting')];
  assert.deepEqual(steer(six, reports, SWEEP), [
    { do: 'stop', number: 3, rung: 0, best: 2, of: 6 },
    { do: 'let-on', number: 1 },
    { do: 'start', number: 6 },
  ]);
});

test('who may go on does so before one that is new, and no more than may run at once', () => {
  const reports = [0.9, 0.8, 0.7].map((value, index) => ({ number: index + 1, rung: 0, value }));
  const runs = [
    run(1, 1, 'held'),
    run(2, 1, 'over'),
    run(3, 1, 'over'),
    ...[4, 5, 6].map((number) => run(number, 0, 'waiting')),
  ];
  assert.deepEqual(steer(runs, reports, { ...SWEEP, concurrent: 2 }), [
    { do: 'let-on', number: 1 },
    { do: 'start', number: 4 },
  ]);
});

test('smaller is better where that is the goal, and what reported nothing is worst', () => {
  const reports = [0.5, 0.1, null].map((value, index) => ({ number: index + 1, rung: 0, value }));
  const runs = [1, 2, 3].map((number) => run(number, 1, 'held'));
  const steps = steer(runs, reports, { ...SWEEP, goal: 'min' });
  assert.deepEqual(
    steps.map((step) => [step.do, step.number]),
    [
      ['stop', 1],
      ['stop', 3],
      ['let-on', 2],
    ],
  );
});

test('that a script lacks the metric is believed of the third, not of the first whose figures left all bounds', () => {
  const without = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ number: index + 1, rung: 0, value: null }));
  const runs = (held: number) => [
    ...Array.from({ length: held }, (_, index) => run(index + 1, 1, 'held')),
    run(9, 0, 'running'),
  ];
  assert.equal(lacksMetric(runs(2), without(2)), false);
  assert.equal(lacksMetric(runs(3), without(3)), true);
  assert.equal(lacksMetric(runs(3), [...without(2), { number: 3, rung: 0, value: 1 }]), false);
  // Of two in all, two are all.
  assert.equal(lacksMetric(runs(2).slice(0, 2), without(2)), true);
  assert.equal(lacksMetric([], []), false);
});
