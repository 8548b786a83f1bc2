import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedFarm } from '../../tests/support/simulated-farm.ts';
import { followed } from '../prediction/course.ts';
import { speedOf } from '../prediction/pace.ts';
import { openingOf } from '../prediction/stage-times.ts';
import { noteChunkTime, noteDoubled, paceOf } from './chunk-times.ts';

function twoLeases() {
  const sim = new SimulatedFarm(() => 0.9);
  sim.addMachine();
  sim.addMachine();
  sim.addJob({ chunks: 10 });
  const [one, other] = [...sim.farm.leases.values()].filter((lease) => lease.startedAt !== null);
  assert.ok(one !== undefined && other !== undefined && one.worker !== other.worker);
  return { one, other };
}

test('a worker is as fast as its chunks are done, however long it opens their files, and whatever the farm thought it had open', () => {
  const { one, other } = twoLeases();
  for (let chunk = 0; chunk < 5; chunk += 1) noteChunkTime(one, { busyMs: 1_000, openingMs: 0 });
  other.opens = false;
  noteChunkTime(other, { busyMs: 21_000, openingMs: 20_000 });
  assert.ok(Math.abs(Math.log(other.worker.speed / one.worker.speed)) < 0.05, String(other.worker.speed));
  assert.ok(openingOf(one.stage.times) >= 10_000);
});

test('a lease that was for nothing says how fast its worker is, by what its chunk turned out to be, and its opening is no part of that', () => {
  const { one, other } = twoLeases();
  for (let chunk = 0; chunk < 5; chunk += 1) noteChunkTime(one, { busyMs: 21_000, openingMs: 20_000 });
  const work = { ms: 1_000 * one.worker.speed, variance: 0.01 };
  const speedOfOther = () => speedOf(paceOf(other.worker, other.stage));
  const before = speedOfOther();
  other.opens = true;
  noteDoubled(other, { ms: 10_000, work }, 10_000);
  assert.equal(speedOfOther(), before);
  // It was half through a chunk that turned out ten times as large as others: it is no slower than was thought.
  const course = followed(followed(undefined, 0.25, 5_000), 0.5, 7_500);
  assert.ok(course);
  other.course = course;
  noteDoubled(other, { ms: 10_000, work: { ms: 10_000 * before, variance: 0.01 } }, 7_500);
  assert.ok(Math.abs(Math.log(speedOfOther() / before)) < 0.1, `${speedOfOther()} instead of ${before}`);
  delete other.course;
  noteDoubled(other, { ms: 200_000, work }, 200_000);
  assert.ok(speedOfOther() < before / 2);
});
