import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TrainingSettings } from '../settings.ts';
import { readRange } from './read-distribution.ts';
import { rungsOf, runsOf, Sweep, sweepProblem } from './search.ts';
import { noMetricSentence, stopSentence } from './stop-words.ts';

const SETTINGS = TrainingSettings.parse({ rounds: 9, params: { depth: 2 } });
const LR = { lr: { of: 'log', from: 1e-4, to: 0.1 } };
const CHOICE = { lr: { of: 'choice', values: [0.1, 0.01] }, width: { of: 'choice', values: [8, 16, 32] } };
const sweep = (given: object) => Sweep.parse({ parameters: CHOICE, ...given });

test('how many runs: each combination, or as many as were asked for, or 16', () => {
  assert.equal(runsOf(sweep({})), 6);
  assert.equal(runsOf(sweep({ mode: 'asha' })), 6);
  assert.equal(runsOf(sweep({ mode: 'random', runs: 4 })), 4);
  assert.equal(runsOf(sweep({ mode: 'random' })), 6);
  assert.equal(runsOf(sweep({ parameters: LR, mode: 'asha' })), 16);
});

test('rungs are minRounds times powers of the factor, below the last round', () => {
  const rungs = (minRounds: number, reductionFactor: number, rounds: number) =>
    rungsOf({ mode: 'asha', minRounds, reductionFactor }, rounds);
  assert.deepEqual(rungs(1, 3, 10), [1, 3, 9]);
  assert.deepEqual(rungs(1, 3, 9), [1, 3]);
  assert.deepEqual(rungs(2, 4, 33), [2, 8, 32]);
  assert.deepEqual(rungsOf({ mode: 'random', minRounds: 1, reductionFactor: 3 }, 10), []);
});

for (const [given, says] of [
  [{}, null],
  [{ mode: 'asha' }, null],
  [{ parameters: LR, mode: 'random', runs: 5 }, null],
  [{ parameters: {} }, /needs a parameter/],
  [
    { parameters: { depth: { of: 'choice', values: [1, 2] } } },
    /^depth is given one value and values to try/,
  ],
  [{ parameters: LR }, /^A grid takes .* and lr is a range\. Use random or asha/],
  [
    { parameters: { lr: { of: 'uniform', from: 2, to: 1 } }, mode: 'random' },
    /^lr: uniform\(2, 1\) has nothing/,
  ],
  [{ runs: 3 }, /^A grid makes as many runs as there are combinations/],
  [{ mode: 'random', runs: 7 }, /^There are 6 combinations of these values, fewer than the 7 runs/],
  [{ parameters: { a: { of: 'choice', values: [1] } } }, /^These values make one training/],
  [
    {
      parameters: Object.fromEntries(
        ['a', 'b', 'c'].map((name) => [name, { of: 'choice', values: [1, 2, 3, 4, 5] }]),
      ),
    },
    /^These values make 125 trainings, and a sweep has at most 100/,
  ],
  [{ mode: 'asha', minRounds: 9 }, /^The trainings have 9 rounds, and asha would compare them first after 9/],
] as const) {
  test(`${JSON.stringify(given)}: ${says === null ? 'is taken' : says.source}`, () => {
    const problem = sweepProblem(sweep(given), SETTINGS);
    if (says === null) assert.equal(problem, null);
    else assert.match(problem ?? '', says);
  });
}

test('asha is not for one round of workers that train together', () => {
  const problem = sweepProblem(sweep({ mode: 'asha' }), { ...SETTINGS, mode: 'ddp', rounds: 1 });
  assert.match(problem ?? '', /^Trainings of mode ddp have no rounds/);
});

test('a distribution is read as it is written elsewhere, and what is none is said so', () => {
  const read = (text: string) => {
    const got = readRange(text);
    return got === 'not-a-range' ? got : got.ok ? got.range : got.message;
  };
  assert.deepEqual(read(' log(1e-5, 1e-2) '), { of: 'log', from: 1e-5, to: 1e-2 });
  assert.deepEqual(read('loguniform(.001,1)'), { of: 'log', from: 0.001, to: 1 });
  assert.deepEqual(read('uniform(0,0.5)'), { of: 'uniform', from: 0, to: 0.5 });
  assert.deepEqual(read('int(16, 128)'), { of: 'int', from: 16, to: 128 });
  assert.equal(read('0.1,0.01'), 'not-a-range');
  assert.match(
    String(read('normal(0,1)')),
    /^normal\(…\) is no distribution that is known here: write uniform/,
  );
  assert.match(String(read('toString(0,1)')), /^toString\(…\) is no distribution/);
  assert.match(String(read('log(0,1)')), /above 0/);
  assert.match(String(read('int(0.5,3)')), /whole numbers/);
  assert.match(String(read('uniform(1)')), /two numbers, such as uniform\(0, 0\.5\)/);
  assert.match(String(read('uniform(3,1)')), /smaller number first/);
});

test('any text is read as a range, as none, or refused, and a range that is read is one that is taken', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.stringMatching(/^(log|int|uniform)\([-0-9.e]{0,6},[-0-9.e]{0,6}\)$/)),
      (text) => {
        const read = readRange(text);
        if (read === 'not-a-range' || !read.ok) return;
        const parsed = Sweep.parse({ parameters: { lr: read.range }, mode: 'random', runs: 2 });
        const problem = sweepProblem(parsed, SETTINGS);
        assert.ok(problem === null || /fewer than/.test(problem), problem ?? '');
      },
    ),
  );
});

test('why a run was stopped, in words', () => {
  const stopped = { round: 2, metric: 'accuracy', value: 0.71234, best: 3, of: 9, reductionFactor: 3 };
  assert.equal(
    stopSentence(stopped),
    'Stopped by its sweep after round 2: accuracy 0.7123 was not in the best third of 9.',
  );
  assert.equal(
    stopSentence({ ...stopped, best: 1, of: 2 }),
    'Stopped by its sweep after round 2: accuracy 0.7123 was not the best of 2.',
  );
  assert.equal(
    stopSentence({ ...stopped, value: null }),
    'Stopped by its sweep after round 2: it reported no accuracy.',
  );
  assert.match(
    noMetricSentence('f1', ['loss']),
    /compares by "f1", and the script hands over loss\. Name one/,
  );
});
