import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LeaseId } from '@parallel-pilot/shared/model/ids.ts';
import { SimulatedFarm } from '../../tests/support/simulated-farm.ts';
import { Calm } from './calm.ts';
import type { Inbound } from './inbound.ts';

test('results of a worker with enough to do are gathered, those of one that would wait for its next chunk are not', () => {
  // Chunks of 15 ms, of which some twenty are ahead.
  const sim = new SimulatedFarm(() => 0);
  const machine = sim.addMachine({ speed: 500 / 15 });
  sim.addJob({ chunks: 400 });
  sim.pass(300, 5);
  const { session } = machine;
  assert.ok(session !== null);
  const done = { lease: 'lse_00000001' as LeaseId, result: null, files: [], busyMs: 15, log: '' };
  const result: Inbound = { type: 'done', session, reply: 1, done };
  const calm = new Calm();
  const answers = Array.from({ length: 20 }, () => calm.has(result, sim.farm));
  const gathered = answers.filter((it) => it).length;
  assert.ok(gathered >= 8 && gathered <= 16, `${gathered} of 20 are gathered`);
  // Those that came before count: what is ahead gets less.
  assert.deepEqual(
    answers,
    [...answers].sort((a, b) => Number(b) - Number(a)),
  );
  assert.equal(calm.has({ type: 'started', session, lease: done.lease }, sim.farm), true);
  assert.equal(calm.has({ type: 'tick' }, sim.farm), false);
  assert.equal(new Calm().has({ ...result, session: 99 }, sim.farm), false);
});
