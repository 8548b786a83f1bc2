import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayOf } from './day.ts';
import { outcomesOf } from './outcomes.ts';

const SMALL = { hours: 1, jobs: 40, workers: 8, load: 0.85 };

test('of a busy hour far more deadlines are met by the farm that knows them', () => {
  let [kept, plain, due] = [0, 0, 0];
  for (const seed of [1, 2, 3]) {
    const scenario = dayOf(SMALL, seed);
    const met = (knows: boolean) => outcomesOf(scenario, knows).filter((outcome) => outcome.met).length;
    kept += met(true);
    plain += met(false);
    due += scenario.jobs.filter(({ deadline }) => deadline !== null).length;
  }
  assert.ok(kept >= 0.7 * due && kept > 1.3 * plain, `${kept} of ${due}, by plain priorities ${plain}`);
});
