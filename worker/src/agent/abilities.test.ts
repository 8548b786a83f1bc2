import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mock, type TestContext, test } from 'node:test';
import type { Capabilities } from '@parallel-pilot/shared/model/requirement.ts';
import type { WorkerKind } from '../kinds/kind.ts';
import { createWorkerLog } from '../log.ts';
import { Abilities, onceRested } from './abilities.ts';

const log = createWorkerLog({ name: 'test', level: 'silent', readable: false });
const OWN = { sandbox: 'none', limits: 'watch' };
const CAN: Capabilities = { 'blender.engines': ['CYCLES', 'BLENDER_EEVEE'] };
const CAN_LESS: Capabilities = { 'blender.engines': ['CYCLES'] };

/** A kind on a machine whose abilities the test changes; `looked` counts how often it was really looked at. */
function machine(name = 'blender') {
  const state = { can: CAN, whole: true, looked: 0 };
  const kind = {
    name,
    async detect(_sandbox, remembered) {
      const known = await remembered?.recall('the same program');
      if (known) return known;
      state.looked += 1;
      if (state.whole) await remembered?.keep('the same program', state.can);
      return state.can;
    },
  } as Pick<WorkerKind, 'name' | 'detect'> as WorkerKind;
  return { kind, state };
}

async function startOf(t: TestContext, kinds: WorkerKind[]) {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-abilities-'));
  t.after(() => rm(folder, { recursive: true }));
  const start = async () => {
    const sandbox = { level: 'none', reason: 'a test' } as const;
    const abilities = await Abilities.find({ kinds, sandbox, own: OWN, folder, log });
    if (abilities === null) throw new Error('nothing can be done here');
    return abilities;
  };
  return { folder, start };
}

test('a second start looks at nothing, and what is there now is found once it looks again', async (t) => {
  const { kind, state } = machine();
  const { start } = await startOf(t, [kind]);
  assert.deepEqual((await start()).all, { ...CAN, kinds: ['blender'], ...OWN });
  const second = await start();
  assert.equal(state.looked, 1);
  assert.equal(await second.checkAgain(), false);
  assert.equal(state.looked, 2);
  state.can = CAN_LESS;
  const third = await start();
  assert.deepEqual(third.all, { ...CAN, kinds: ['blender'], ...OWN });
  assert.equal(await third.checkAgain(), true);
  assert.deepEqual(third.all, { ...CAN_LESS, kinds: ['blender'], ...OWN });
  assert.deepEqual((await start()).all, third.all);
});

test('what was found at this start is not looked at again, nor what another worker has looked at since', async (t) => {
  const { kind, state } = machine();
  const { start } = await startOf(t, [kind]);
  assert.equal(await (await start()).checkAgain(), false);
  assert.equal(state.looked, 1);
  const [one, other] = [await start(), await start()];
  state.can = CAN_LESS;
  assert.equal(await one.checkAgain(), true);
  assert.equal(await other.checkAgain(), true);
  assert.equal(state.looked, 2);
  assert.deepEqual(other.all, one.all);
});

test('a look that came to no end changes nothing now, and the next start looks for itself', async (t) => {
  const { kind, state } = machine();
  const { start, folder } = await startOf(t, [kind]);
  await start();
  const second = await start();
  state.whole = false;
  state.can = CAN_LESS;
  assert.equal(await second.checkAgain(), false);
  assert.deepEqual(second.all['blender.engines'], CAN['blender.engines']);
  assert.deepEqual(await readdir(folder), []);
  assert.deepEqual((await start()).all['blender.engines'], CAN_LESS['blender.engines']);
});

test('what a file says of the sandbox or of other kinds counts for nothing', async (t) => {
  const { kind, state } = machine();
  state.can = { ...CAN, sandbox: 'bubblewrap', kinds: ['blender', 'training'] };
  const { start } = await startOf(t, [kind]);
  await start();
  assert.deepEqual((await start()).all, { ...CAN, kinds: ['blender'], ...OWN });
});

test('it waits for a rest, and looks once', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] });
  t.after(() => mock.timers.reset());
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  let [busy, looks] = [true, 0];
  const end = onceRested(
    () => busy,
    async () => {
      looks += 1;
    },
    20_000,
  );
  t.after(end);
  const seconds = (count: number) => {
    for (let i = 0; i < count; i += 1) {
      now += 1_000;
      mock.timers.tick(1_000);
    }
  };
  seconds(60);
  assert.equal(looks, 0);
  busy = false;
  seconds(10);
  busy = true;
  seconds(1);
  busy = false;
  seconds(19);
  assert.equal(looks, 0);
  seconds(60);
  assert.equal(looks, 1);
});
