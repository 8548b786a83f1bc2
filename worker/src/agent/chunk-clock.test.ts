import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { TimeLimit } from '../kinds/kind.ts';
import { startChunkClock } from './chunk-clock.ts';

const MINUTE = 60_000;
const limit = (more: Partial<TimeLimit> = {}): TimeLimit => ({
  wallMs: 10 * MINUTE,
  from: 'start',
  code: 'over-time',
  message: 'Too long.',
  ...more,
});

/** Time passes in seconds of the test's own; the child burns `busy` cores. */
function passing(t: TestContext, busy: () => number) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let used = 0;
  let asked = 0;
  return {
    cpuMs: async () => {
      asked += 1;
      return used;
    },
    asked: () => asked,
    restart() {
      used = 0;
    },
    async pass(seconds: number) {
      for (let second = 0; second < seconds; second += 1) {
        used += busy() * 1_000;
        t.mock.timers.tick(1_000);
        await new Promise(setImmediate);
      }
    },
  };
}

test('by the clock: whatever the chunk does, it is over then', async (t) => {
  const time = passing(t, () => 0);
  const clock = startChunkClock({ limit: limit(), threads: 2, cores: 8, cpuMs: time.cpuMs });
  await time.pass(599);
  assert.deepEqual([clock.over(), clock.signal.aborted], [null, false]);
  await time.pass(1);
  assert.deepEqual([clock.over(), clock.signal.aborted], ['Too long.', true]);
});

test('from when it has begun; getting ready has a limit of its own', async (t) => {
  const time = passing(t, () => 0);
  const given = limit({ wallMs: 5_000, from: 'begun' });
  const clock = startChunkClock({ limit: given, threads: 1, cores: 1, cpuMs: time.cpuMs });
  await time.pass(300);
  clock.begin();
  await time.pass(3);
  clock.begin();
  assert.equal(clock.over(), null);
  await time.pass(2);
  assert.equal(clock.over(), 'Too long.');
  const never = startChunkClock({ limit: given, threads: 1, cores: 1, cpuMs: time.cpuMs });
  await time.pass(601);
  assert.equal(never.over(), 'Too long.');
});

test('by the processor: who keeps four times the threads of its slot busy is over after less than half of the time', async (t) => {
  const time = passing(t, () => 4);
  const clock = startChunkClock({ limit: limit(), threads: 1, cores: 8, cpuMs: time.cpuMs });
  await time.pass(224);
  assert.equal(clock.over(), null);
  await time.pass(4);
  assert.match(clock.over() ?? '', /^Too long\. .* 900 seconds of processor time/);
  assert.ok(time.asked() < 20, `it was asked ${time.asked()} times`);
});

test('what a process used before the chunk, and one that takes its place on the way, are counted right', async (t) => {
  let busy = 8;
  const time = passing(t, () => busy);
  await time.pass(1_000);
  busy = 4;
  const clock = startChunkClock({ limit: limit(), threads: 1, cores: 8, cpuMs: time.cpuMs });
  await time.pass(130);
  time.restart();
  await time.pass(70);
  assert.equal(clock.over(), null);
  await time.pass(100);
  assert.match(clock.over() ?? '', /processor time/);
});

test('honest work on all of its threads is not stopped, nor looked at where it has all cores', async (t) => {
  const time = passing(t, () => 2);
  const clock = startChunkClock({ limit: limit(), threads: 2, cores: 8, cpuMs: time.cpuMs });
  const whole = startChunkClock({ limit: limit(), threads: 2, cores: 2, cpuMs: () => assert.fail('asked') });
  await time.pass(599);
  assert.deepEqual([clock.over(), whole.over()], [null, null]);
  clock.stop();
  whole.stop();
  await time.pass(100);
  assert.deepEqual([clock.over(), whole.over()], [null, null]);
});
