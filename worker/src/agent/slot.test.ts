import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { until } from '../../../tests/support/until.ts';
import type { WorkerKind } from '../kinds/kind.ts';
import { createWorkerLog } from '../log.ts';
import { FakeChunk, fakeKind } from './fixtures/fake-kind.ts';
import { Slot } from './slot.ts';

test('a runner that does not stop is left behind, and the slot takes the next chunk', async (t) => {
  const { slot, chunk } = await setUp(t);
  const stop = new AbortController();
  const deaf = slot.run('fake', chunk({ name: 'deaf', does: 'deaf' }), () => {}, stop.signal);
  assert.equal(slot.busy, true);
  stop.abort();
  const outcome = await deaf;
  assert.deepEqual([outcome.ok, slot.busy, slot.affinity], [false, false, null]);
  const next = await slot.run(
    'fake',
    chunk({ name: 'next', does: 'report' }),
    () => {},
    new AbortController().signal,
  );
  assert.equal(next.ok, true);
  assert.equal(slot.affinity, 'fake:one');
});

test('a signal that came before the run stops it too', async (t) => {
  const { slot, chunk } = await setUp(t);
  const outcome = await slot.run(
    'fake',
    chunk({ name: 'never', does: 'hang' }),
    () => {},
    AbortSignal.abort(),
  );
  assert.equal(outcome.ok ? 'ok' : outcome.code, 'canceled');
});

test('what another kind keeps warm is let go when the slot turns to work of this one, and only then', async (t) => {
  const rests: string[] = [];
  const watched = (name: string): WorkerKind => {
    const kind = fakeKind();
    const createRunner: WorkerKind['createRunner'] = (options) => ({
      ...kind.createRunner(options),
      rest: async () => {
        rests.push(name);
      },
    });
    return { ...kind, name, createRunner };
  };
  const { slot, chunk } = await setUp(t, [watched('images'), watched('models')]);
  const run = (kind: string) =>
    slot.run(kind, chunk({ name: kind, does: 'report' }), () => {}, new AbortController().signal);
  for (const kind of ['images', 'images', 'models', 'models', 'images'])
    assert.equal((await run(kind)).ok, true);
  assert.deepEqual(rests, ['models', 'images', 'models']);
});

test('a chunk that frees its slot is looked at while the next one runs, and neither disturbs the other', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { promise: both, resolve: onBoth } = Promise.withResolvers<void>();
  const ends = new Map<string, () => void>();
  let made = 0;
  const kind: WorkerKind = {
    ...fakeKind(),
    timeLimit: () => ({ wallMs: 100, from: 'start', code: 'over-time', message: 'It took too long.' }),
    createRunner: (options) => {
      made += 1;
      return {
        ...fakeKind().createRunner(options),
        async run({ chunkSpec, freed }) {
          const { name, does } = FakeChunk.parse(chunkSpec);
          const { promise: looked, resolve } = Promise.withResolvers<void>();
          ends.set(name, resolve);
          freed?.();
          if (ends.size === 2) onBoth();
          await looked;
          if (does === 'throw') throw new Error('a bug');
          return { ok: true, result: name, files: [], log: '' };
        },
      };
    },
  };
  const { slot, chunk } = await setUp(t, [kind]);
  const run = async (name: string, does: 'report' | 'throw', freed = () => {}) => {
    const { signal } = new AbortController();
    return await slot.run('fake', { ...chunk({ name, does }), freed }, () => {}, signal);
  };
  const { promise: free, resolve: onFreed } = Promise.withResolvers<void>();
  const first = run('first', 'throw', onFreed);
  await free;
  assert.equal(slot.busy, false);
  const second = run('second', 'report');
  await both;
  // Longer than the chunks may take.
  t.mock.timers.tick(150);
  ends.get('first')?.();
  const broken = await first;
  assert.deepEqual([broken.ok ? '' : broken.code, made], ['unexpected', 1]);
  ends.get('second')?.();
  assert.equal((await second).ok, true);
});

test('the end of a chunk that freed its slot does not free it of the next one', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { promise: look, resolve: looked } = Promise.withResolvers<void>();
  let forgotten = 0;
  const kind: WorkerKind = {
    ...fakeKind(),
    createRunner: (options) => ({
      ...fakeKind().createRunner(options),
      async run({ chunkSpec, freed }, _, signal) {
        if (FakeChunk.parse(chunkSpec).name === 'first') {
          freed?.();
          await look;
        } else await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        return { ok: true, result: null, files: [], log: '' };
      },
      forget: async () => {
        forgotten += 1;
      },
    }),
  };
  const { slot, chunk } = await setUp(t, [kind], 30);
  const stop = new AbortController();
  const { promise: free, resolve: freed } = Promise.withResolvers<void>();
  const first = slot.run('fake', { ...chunk({ name: 'first' }), freed }, () => {}, stop.signal);
  await free;
  const second = slot.run('fake', chunk({ name: 'second' }), () => {}, stop.signal);
  looked();
  await first;
  assert.equal(slot.busy, true);
  // Longer than a slot is idle before it forgets.
  t.mock.timers.tick(60);
  assert.equal(forgotten, 0);
  stop.abort();
  await second;
  t.mock.timers.tick(60);
  assert.equal(forgotten, 1);
  await slot.close();
});

test('a slot that gets no chunk for a while forgets what has seen its job, and the next chunk waits for that', async (t) => {
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  let forgotten = 0;
  const kind = fakeKind();
  const forgetful: WorkerKind = {
    ...kind,
    createRunner: (options) => ({
      ...kind.createRunner(options),
      forget: () => {
        forgotten += 1;
        return over;
      },
    }),
  };
  const { slot, chunk } = await setUp(t, [forgetful], 30);
  const run = () =>
    slot.run('fake', chunk({ name: 'a', does: 'report' }), () => {}, new AbortController().signal);
  await run();
  assert.deepEqual([forgotten, slot.affinity], [0, 'fake:one']);
  await until(() => forgotten === 1, 'nothing was forgotten');
  assert.equal(slot.affinity, null);
  let ran = false;
  const next = run().then(() => {
    ran = true;
  });
  await new Promise(setImmediate);
  assert.equal(ran, false);
  end();
  await next;
  await slot.close();
});

test('a look into a file runs in the program that renders it: nothing is started anew for it, nor after it', async (t) => {
  const threads: number[] = [];
  const base = fakeKind();
  const kind: WorkerKind = {
    ...base,
    takesAnyThreads: (stage) => stage === 'look',
    createRunner(options) {
      threads.push(options.threads);
      return base.createRunner(options);
    },
  };
  const { slot, chunk } = await setUp(t, [kind]);
  const run = (stage: string, asked: number) =>
    slot.run(
      'fake',
      { ...chunk({ name: stage, does: 'report' }), stage },
      () => {},
      new AbortController().signal,
      {
        threads: asked,
      },
    );
  await run('render', 4);
  await run('look', 1);
  await run('render', 4);
  assert.deepEqual(threads, [1, 4]);
  await run('look', 8);
  await run('render', 1);
  assert.deepEqual(threads, [1, 4, 8, 1]);
});

async function setUp(t: TestContext, kinds: WorkerKind[] = [fakeKind()], idleMs = 60_000) {
  const folder = await mkdtemp(join(tmpdir(), 'pilot-slot-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const log = createWorkerLog({ name: 'worker', level: 'silent', readable: false });
  const sandbox = { level: 'none', reason: 'Nothing is started here.' } as const;
  const slot = new Slot({ index: 0, threads: () => 1, folder, kinds, sandbox, log, patienceMs: 50, idleMs });
  const chunk = (spec: FakeChunk) => ({
    stage: 'fake',
    stageSpec: { record: join(folder, 'runs') },
    chunkSpec: FakeChunk.parse(spec),
    inputs: folder,
    affinity: 'fake:one',
    outputs: folder,
    hangLimitMs: 60_000,
  });
  return { slot, chunk };
}
