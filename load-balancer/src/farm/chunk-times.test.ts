import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedFarm } from '../../tests/support/simulated-farm.ts';
import { openingOf } from '../prediction/stage-times.ts';
import { noteChunkTime, noteDoubled } from './chunk-times.ts';

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

test('a lease that was for nothing says only that its chunk takes longer, and its opening is no part of that', () => {
  const { one, other } = twoLeases();
  for (let chunk = 0; chunk < 5; chunk += 1) noteChunkTime(one, { busyMs: 21_000, openingMs: 20_000 });
  const before = other.worker.paces.size;
  other.opens = true;
  noteDoubled(other, 10_000);
  assert.equal(other.worker.paces.size, before);
  noteDoubled(other, 200_000);
  assert.ok(other.worker.paces.size > before);
});
