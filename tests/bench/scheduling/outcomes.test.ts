import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { scenarioOf } from './default-set.ts';
import { outcomesOf } from './outcomes.ts';
import { readScenario, Scenario } from './scenario.ts';
import { endOf, idealMs, stepsOf } from './speed-profile.ts';

const worker = (more: object = {}) => ({ speed: 1, ...more });
const job = (chunksMs: number[], more: object = {}) => ({ chunksMs, ...more });
const run = (scenario: object) => outcomesOf(Scenario.parse(scenario));

describe('a scenario', () => {
  test('says in a sentence what is wrong with it', () => {
    for (const [text, said] of [
      ['{', /not JSON/],
      ['{"workers":[],"jobs":[]}', /workers: /],
      ['{"workers":[{"speed":0}],"jobs":[{"chunksMs":[1]}]}', /workers\.0\.speed: /],
      ['{"workers":[{"speed":1,"sped":2}],"jobs":[{"chunksMs":[1]}]}', /sped/],
    ] as const) {
      const read = readScenario(text);
      assert.ok(!read.ok && said.test(read.problem), text);
    }
  });

  test('has as its ideal the greater of all work by all speed and the longest chunk on the fastest', () => {
    const ideal = (scenario: object) => {
      const { workers, jobs } = Scenario.parse(scenario);
      return idealMs(jobs[0] ?? assert.fail(), workers);
    };
    const two = [worker(), worker({ speed: 3 })];
    assert.equal(ideal({ workers: two, jobs: [job([1_000, 3_000])] }), 1_000);
    assert.equal(ideal({ workers: two, jobs: [job([100, 3_900])] }), 1_300);
    // The fast one is a third as fast after a second, so there is 4 + 2 a second.
    const slowed = [worker(), worker({ speed: 3, slowFrom: 1_000, slowBy: 3 })];
    assert.equal(ideal({ workers: slowed, jobs: [job([2_000, 2_000, 2_000])] }), 2_000);
    const late = [worker({ from: 5_000 }), worker({ diesAt: 1_000 })];
    assert.equal(ideal({ workers: late, jobs: [job([500, 500, 500])] }), 5_500);
  });

  test('has workers that get slow and die when they are said to', () => {
    const plan = Scenario.parse({
      workers: [worker({ speed: 2, slowFrom: 1_000, slowBy: 2, diesAt: 3_000 })],
      jobs: [job([1])],
    }).workers[0];
    assert.ok(plan);
    const steps = stepsOf(plan);
    assert.deepEqual([endOf(steps, 0, 2_000), endOf(steps, 0, 3_500)], [1_000, 2_500]);
    assert.equal(endOf(steps, 2_500, 1_000), Number.POSITIVE_INFINITY);
  });
});

describe('the simulation', () => {
  test('looks at a worker that may be slow, where it may as well be its chunk, when others have nothing else to do', () => {
    // One of its workers is six times slower than known, and has got a chunk twenty times as large as most.
    const [outcome] = outcomesOf(scenarioOf('heavy tail', true, 39));
    assert.ok(outcome?.makespan);
    assert.ok(outcome.makespan < 1.4 * outcome.ideal, String(outcome.makespan / outcome.ideal));
    assert.ok(outcome.doubled > 0);
  });

  test('runs one worker as fast as it is, opening included', () => {
    const [outcome] = run({
      workers: [worker({ speed: 2 })],
      jobs: [job(Array(20).fill(4_000), { openMs: 8_000, deadline: 50_000 })],
    });
    assert.ok(outcome?.makespan);
    assert.ok(outcome.makespan > 44_000 && outcome.makespan < 45_000, String(outcome.makespan));
    assert.deepEqual([outcome.ideal, outcome.met, outcome.doubled], [40_000, true, 0]);
  });

  test('goes on when a worker dies with a chunk, and ends although nobody is left', () => {
    const jobs = [job(Array(20).fill(1_000))];
    const [survived] = run({ workers: [worker(), worker({ diesAt: 2_500 })], jobs });
    assert.ok(
      survived?.makespan && survived.makespan > 17_500 && survived.makespan < 30_000,
      String(survived?.makespan),
    );
    const [never] = run({ workers: [worker({ diesAt: 2_500 })], jobs });
    assert.equal(never?.makespan, null);
  });
});
