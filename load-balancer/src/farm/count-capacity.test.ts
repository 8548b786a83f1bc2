import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QUARTER_MS } from '@parallel-pilot/shared/model/quarter.ts';
import { SimulatedFarm } from '../../tests/support/simulated-farm.ts';
import type { Write } from './effects.ts';

type Load = Extract<Write, { type: 'load' }>;

/** A simulated farm, and what it wrote of its load. */
function watchedFarm() {
  const sim = new SimulatedFarm(() => 0.5);
  const loads: Load[] = [];
  const ended: Extract<Write, { type: 'end' }>[] = [];
  const apply = sim.mirror.apply.bind(sim.mirror);
  sim.mirror.apply = (writes) => {
    loads.push(...writes.filter((write) => write.type === 'load'));
    ended.push(...writes.filter((write) => write.type === 'end'));
    apply(writes);
  };
  return { sim, loads, ended };
}

/** The last that was written of each quarter. */
const asWritten = (loads: readonly Load[]) =>
  new Map(loads.flatMap(({ samples }) => samples).map((sample) => [sample.at, sample]));

test('what present workers could do is counted by the quarter hour, through a restart in the middle', () => {
  const { sim, loads } = watchedFarm();
  const start = sim.now;
  sim.addMachine({ slots: 2 });
  sim.pass(QUARTER_MS + 60_000);
  const machine = sim.addMachine({ slots: 1 });
  sim.pass(60_000);
  sim.leave(machine);
  const before = asWritten(loads).get(start + QUARTER_MS)?.capacity_ms ?? 0;
  // As loadFarm does it: what stands in the row is what the next process goes on from.
  sim.farm.load.capacityMs = before;
  sim.pass(QUARTER_MS);
  const rows = asWritten(loads);
  assert.deepEqual(
    [...rows.keys()],
    [0, 1, 2].map((quarter) => start + quarter * QUARTER_MS),
  );
  const [first, second] = [...rows.values()].map((row) => row.capacity_ms);
  assert.equal(first, 2 * QUARTER_MS);
  const off = Math.abs((second ?? 0) - (2 * QUARTER_MS + 60_000));
  assert.ok(off <= 31_000, `a note is every 15 s: off by ${off} ms`);
  assert.ok(loads.filter(({ forget }) => forget).length === 2, 'old quarters go once in each');
});

test('work counts in the quarter hour in which it was planned, whenever it is done', () => {
  const { sim, loads, ended } = watchedFarm();
  const planned = sim.now;
  sim.addJob({ chunks: 6 });
  sim.pass(QUARTER_MS + 30_000);
  assert.deepEqual([...(loads.at(-1)?.open.keys() ?? [])], [planned]);
  assert.ok((loads.at(-1)?.samples[0]?.waiting_ms ?? 0) > 0);
  sim.addMachine({ slots: 2 });
  sim.pass(QUARTER_MS);
  const done = ended.filter(({ outcome }) => outcome === 'done');
  assert.equal(done.length, 6);
  for (const { work, spentMs } of done) {
    assert.equal(work?.quarter, planned);
    assert.ok((work?.ms ?? 0) > 0 && (work?.ms ?? 0) < 4 * spentMs);
  }
  assert.equal(loads.at(-1)?.open.size, 0);
});

test('of a paused job nothing counts as waiting', () => {
  const { sim, loads } = watchedFarm();
  const job = sim.addJob({ chunks: 3 });
  sim.setJob(job, { status: 'paused' });
  sim.pass(30_000);
  assert.equal(loads.at(-1)?.open.size, 0);
});
